"""The two evaluation protocols.

``lowres``: truth and prediction are compared at the network's size. ``native``: the logits or soft masks are resized to
the image's own size and compared with the truth as it was published. Figures of the two must never be mixed, so every
metric's name begins with its protocol: ``lowres/mIoU``, ``native/mIoU``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

PROTOCOLS = ('lowres', 'native')
EVALUATION_SIDE = ('val_dataloader', 'test_dataloader', 'val_pipeline', 'test_pipeline', 'tta_pipeline')
RESIZE = 'LowResResize'


def set_protocol(cfg: Config, protocol: str) -> None:
    """Set the evaluation protocol of a config.

    Every ``LowResResize`` of the validation, test and test-time-augmentation pipelines gets the protocol, every
    evaluator and the checkpoint hook's ``save_best`` get it as prefix. Evaluators that only store predictions
    (those with ``Dump`` in their name) have none.

    Args:
        cfg: The config; changed in place.
        protocol: ``lowres`` or ``native``.

    Raises:
        ValueError: If the protocol is unknown, or no evaluation pipeline has a ``LowResResize``.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f'unknown evaluation protocol {protocol!r}; expected one of {", ".join(PROTOCOLS)}')
    resizes = [step for key in EVALUATION_SIDE for step in _resizes(cfg.get(key))]
    if not resizes:
        raise ValueError(
            f'{cfg.filename}: no {RESIZE} in {", ".join(EVALUATION_SIDE)}: protocol {protocol!r} has nowhere to '
            f"act. Put dict(type='mmmaskattn.{RESIZE}', size=(H, W)) into the test pipeline, or leave --protocol out."
        )
    for step in resizes:
        step['protocol'] = protocol
    for key in ('val_evaluator', 'test_evaluator'):
        for evaluator in evaluators_of(cfg, key):
            evaluator['prefix'] = with_protocol(evaluator.get('prefix'), protocol)
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    best = hook.get('save_best')
    if isinstance(best, str):
        hook['save_best'] = _with_other_protocol(best, protocol)
    elif isinstance(best, (list, tuple)):
        hook['save_best'] = [_with_other_protocol(name, protocol) for name in best]


def evaluators_of(cfg: Config, key: str) -> list:
    """List the evaluators of a config that compute metrics.

    Args:
        cfg: The config.
        key: ``val_evaluator`` or ``test_evaluator``.

    Returns:
        The evaluators themselves, one or several in the config, without those that only store predictions.
    """
    return [one for one in _as_list(cfg.get(key)) if 'Dump' not in str(one['type'])]


def _with_other_protocol(name: str, protocol: str) -> str:
    """A metric's name, its protocol replaced if it has one."""
    head, _, rest = name.partition('/')
    return f'{protocol}/{rest}' if head in PROTOCOLS else name


def protocol_of(cfg: Config) -> str:
    """Tell a config's evaluation protocol.

    Returns:
        That of the ``LowResResize`` of its test pipeline; ``native`` if there is none.
    """
    return next((step.get('protocol', PROTOCOLS[0]) for step in _resizes(cfg.get('test_dataloader'))), PROTOCOLS[1])


def with_protocol(prefix: str | None, protocol: str) -> str:
    """Put a protocol before a metric's prefix, in place of another protocol if there is one."""
    parts = prefix.split('/') if prefix else []
    return '/'.join([protocol, *(parts[1:] if parts and parts[0] in PROTOCOLS else parts)])


def _as_list(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _resizes(node: Any) -> Iterator[dict]:
    """Every ``LowResResize`` anywhere in a piece of config (wrapped data sets, branches of test-time augmentation)."""
    if isinstance(node, dict):
        if str(node.get('type', '')).rpartition('.')[2] == RESIZE:
            yield node
        children: Any = node.values()
    else:
        children = node if isinstance(node, (list, tuple)) else ()
    for child in children:
        yield from _resizes(child)
