"""Complexity as text for people and as a dictionary for programs."""

from __future__ import annotations

from typing import Any

from mmmaskattn.analysis.complexity import Complexity
from mmmaskattn.analysis.markdown import giga, markdown_table, mega

CONVENTION = """\
MACs = multiply-accumulates of convolutions, matrix products and attention (mm* prints these as "FLOPs").
FLOPs = 2 x MACs. Norms, activations, softmax, pooling, resizing and other element-wise work: 0 by convention."""


def _level(name: str) -> int:
    return name.count('.') + 1 if name else 0


def _module_rows(result: Complexity, depth: int) -> list[list[str]]:
    rows = []
    for name, macs in result.by_module.items():
        params = result.params_by_module[name]
        if _level(name) <= depth and (macs or params):
            share = 100 * macs / max(result.macs, 1)
            rows.append([name or '(model)', giga(macs), f'{share:.1f}', mega(params)])
    own = result.macs - sum(macs for name, macs in result.by_module.items() if _level(name) == 1)
    if own:
        rows.append(['(in no child)', giga(own), f'{100 * own / result.macs:.1f}', ''])
    return rows


def _calls(calls: dict[str, int]) -> str:
    return ', '.join(f'{name} x{count}' for name, count in sorted(calls.items())) or 'nothing'


def _parameters(result: Complexity) -> str:
    if result.params_read == result.params:
        return mega(result.params)
    return f'{mega(result.params)}, {mega(result.params_read)} of them read by this forward'


def _caution(result: Complexity) -> list[str]:
    if not result.by_module.get('roi_head'):
        return []
    return ['note:            the work of roi_head depends on its proposals; here those of a random image and weights']


def report(result: Complexity, shape: tuple[int, int], source: str, depth: int = 2) -> str:
    """The whole report.

    Args:
        result: The counts.
        shape: Input (H, W).
        source: Where the shape comes from.
        depth: Depth of the table by module; 1 is backbone, neck, heads.
    """
    table = markdown_table(['module', 'MACs', '% of MACs', 'parameters'], _module_rows(result, depth))
    by_op = sorted(result.by_op.items(), key=lambda item: -item[1])
    operators = ', '.join(f'{name.split("::")[1]} {giga(macs)}' for name, macs in by_op)
    lines = [
        table,
        '',
        f'input:           1 x 3 x {shape[0]} x {shape[1]} (H, W from {source})',
        f'forward:         {result.forward}, evaluation mode',
        f'MACs:            {giga(result.macs)}',
        f'FLOPs:           {giga(result.flops)}',
        f'parameters:      {_parameters(result)}',
        f'by operator:     {operators}',
        f'could not count: {_calls(result.uncounted)}',
        *_caution(result),
        '',
        CONVENTION,
    ]
    return '\n'.join(lines)


def as_dict(result: Complexity, shape: tuple[int, int], source: str, depth: int = 2) -> dict[str, Any]:
    """The same as plain data; numbers in units, not in billions.

    Args:
        result: The counts.
        shape: Input (H, W).
        source: Where the shape comes from.
        depth: Depth of ``by_module``.
    """
    macs, params = result.by_module, result.params_by_module
    return dict(
        shape=list(shape),
        shape_source=source,
        forward=result.forward,
        macs=result.macs,
        flops=result.flops,
        params=result.params,
        params_read=result.params_read,
        by_op=result.by_op,
        by_module={name: dict(macs=macs[name], params=params[name]) for name in macs if _level(name) <= depth},
        uncounted=result.uncounted,
    )
