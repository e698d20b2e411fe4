"""The optimizer's step in one pass over each parameter, where torch has that."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch.optim import SGD, Adam, AdamW

KINDS: tuple[Any, ...] = (SGD, Adam, AdamW)


def fuse_step(wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """Let an optimizer compute its step by torch's fused kernels; the numbers are the same up to rounding.

    mmengine makes a group of each parameter whose weight decay differs, and torch's other ways take a dozen operations
    for each group. What a config says of ``fused`` or ``foreach`` stays, and so does what it is resumed from.

    Args:
        wrapper: With the optimizer, or several; groups are changed in place.
    """
    for one in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
        for group in one.optimizer.param_groups if type(one.optimizer) in KINDS else ():
            if group['fused'] is None and not (group['foreach'] or group['differentiable']):
                group['fused'] = _can_fuse(type(one.optimizer), group['params']) or None


def _can_fuse(kind: Any, parameters: list[torch.nn.Parameter]) -> bool:
    """Whether torch has such a kernel for the places and types of these parameters, by trying."""
    for device, dtype in {(parameter.device, parameter.dtype) for parameter in parameters}:
        probe = torch.zeros(1, device=device, dtype=dtype, requires_grad=True)
        probe.grad = torch.zeros_like(probe)
        try:
            kind([probe], fused=True).step()
        except (RuntimeError, TypeError):  # older versions have none for the CPU, or for SGD
            return False
    return True
