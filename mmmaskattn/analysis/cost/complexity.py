"""Multiply-adds and parameters of a model by module, and the report of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmmaskattn.analysis.cost.counter import MacCounter, counting
from mmmaskattn.analysis.models import device_of, random_images, run_model
from mmmaskattn.utils.markdown import giga, markdown_table, mega

FORWARDS = ('auto', 'tensor', 'predict')


@dataclass
class Complexity:
    """What one forward costs. MACs are multiply-accumulates of the whole batch; mm* prints them as "FLOPs".

    Attributes:
        macs: All products counted.
        params: All parameters of the model, those that serve training only (auxiliary heads) included.
        params_read: The parameters that the counted forward read.
        by_module: MACs by dotted module name, each with its children; the empty name is the whole model.
        params_by_module: Parameters by dotted module name, each with its children.
        by_op: MACs by operator.
        uncounted: Calls by operator of what may do products and has no formula.
        ignored: Calls by operator of what is left out by convention.
        forward: The forward that was counted: ``call``, ``tensor`` or ``predict``.
    """

    macs: int = 0
    params: int = 0
    params_read: int = 0
    by_module: dict[str, int] = field(default_factory=dict)
    params_by_module: dict[str, int] = field(default_factory=dict)
    by_op: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    forward: str = 'call'

    @property
    def flops(self) -> int:
        """Floating point operations: two for each MAC (one product, one sum)."""
        return 2 * self.macs


def count_complexity(model: nn.Module, inputs: Tensor | Sequence[Any], forward: str = 'auto') -> Complexity:
    """Count the MACs of one forward in evaluation mode, and the parameters.

    Attention counts however it is written (matmul, einsum, ``scaled_dot_product_attention``, ``nn.MultiheadAttention``)
    and with any mask: a mask that only adds -inf saves no product, keys that are left out of the tensors do.

    Args:
        model: Any module. mmengine models (segmentors, detectors) run with dummy data samples.
        inputs: (H, W) or (C, H, W) of one random image; or a tensor; or a tuple of the module's positional inputs.
        forward: For mmengine models: ``tensor``, ``predict``, or ``auto``: ``tensor`` unless it fails or leaves out
            weights that ``predict`` reads.

    Returns:
        The counts. Where the work depends on what is detected (two-stage detectors) they hold for this random image.

    Raises:
        ValueError: If ``forward`` is unknown.
        RuntimeError: If the model runs in neither mode.
    """
    if forward not in FORWARDS:
        raise ValueError(f'forward is {forward!r}: expected one of {FORWARDS}')
    counter, used = _count_forward(model, _as_inputs(model, inputs), forward)
    return Complexity(
        macs=counter.macs,
        params=_size(model),
        params_read=counter.params_read,
        by_module=_with_children(counter.by_module, model),
        params_by_module={name: _size(module) for name, module in model.named_modules()},
        by_op=counter.by_op,
        uncounted=dict(counter.uncounted),
        ignored=dict(counter.ignored),
        forward=used,
    )


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _as_inputs(model: nn.Module, inputs: Tensor | Sequence[Any]) -> tuple[Any, ...]:
    if isinstance(inputs, Tensor):
        return (inputs,)
    if all(isinstance(item, int) for item in inputs):
        return (random_images(inputs, device=device_of(model)),)
    return tuple(inputs)


def _count_once(model: nn.Module, inputs: tuple[Any, ...], mode: str) -> MacCounter:
    with counting(model) as counter:
        run_model(model, inputs, mode)
    return counter


def _count_forward(model: nn.Module, inputs: tuple[Any, ...], forward: str) -> tuple[MacCounter, str]:
    if not isinstance(model, BaseModel):
        return _count_once(model, inputs, 'tensor'), 'call'
    if forward != 'auto':
        return _count_once(model, inputs, forward), forward
    return _count_fullest(model, inputs)


def _count_fullest(model: BaseModel, inputs: tuple[Any, ...]) -> tuple[MacCounter, str]:
    """Count the forward that reads more of the model's weights, ``tensor`` when both read the same."""
    done: dict[str, MacCounter] = {}
    failed: dict[str, Exception] = {}
    for mode in ('tensor', 'predict'):
        try:
            done[mode] = _count_once(model, inputs, mode)
        except Exception as error:  # a head may lack one of the two; what went wrong is told if both fail
            failed[mode] = error
    if not done:
        reasons = '; '.join(f'{mode}: {type(error).__name__}: {error}' for mode, error in failed.items())
        shape = tuple(inputs[0].shape)
        raise RuntimeError(f'{type(model).__name__} cannot run on an input of {shape} ({reasons}); try another shape')
    mode = max(done, key=lambda key: done[key].params_read)
    return done[mode], mode


def _with_children(own: Counter[str], model: nn.Module) -> dict[str, int]:
    """What each module did itself, summed over the dotted prefixes of its name, in the model's order."""
    totals: Counter[str] = Counter()
    for name, macs in own.items():
        parts = name.split('.') if name else []
        for depth in range(len(parts) + 1):
            totals['.'.join(parts[:depth])] += macs
    return {name: totals[name] for name, _ in model.named_modules()}


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
