"""Multiply-accumulates (attention included) and parameters of any module, from what its forward really dispatches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmmaskattn.analysis.mac_counter import MacCounter, counting
from mmmaskattn.analysis.model_inputs import device_of, random_images, run_model

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
        by_op=dict(counter.by_op),
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
