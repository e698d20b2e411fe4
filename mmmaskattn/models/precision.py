"""What is computed in float32 at least, whatever the precision around it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float32(tensor: Tensor) -> Tensor:
    """Widen a half-precision tensor to float32, since exponentials and sums over many pixels overflow or stall in it.

    Args:
        tensor: Any floating-point tensor, any shape.

    Returns:
        float32, or float64 if it was that; the same tensor if it is wide enough already.
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def saturated(tensor: Tensor) -> Tensor:
    """Keep float16, and what autocast will make float16, within half of its range, -32752 to 32752; NaN stays.

    For what reads the outputs of layers computed in float16: an infinity, which is what 65520 becomes, makes NaN of a
    mean, a softmax, a direction, an interpolation, and of a sum in which it has both signs. Half of the range, so that
    a sum of two stays within. Gradients are left as they are: loss scaling waits for theirs to overflow.

    Args:
        tensor: Any floating-point tensor, any shape.

    Returns:
        The same shape and type; the same tensor if neither it nor autocast is float16.
    """
    if tensor.dtype != torch.float16 and not _casts_to_float16(tensor.device.type):
        return tensor
    limit = torch.finfo(torch.float16).max / 2
    return tensor.clamp(-limit, limit)


def _casts_to_float16(device: str) -> bool:
    if not hasattr(torch, 'get_autocast_dtype'):  # before torch 2.4 CUDA alone casts to it
        return device == 'cuda' and torch.is_autocast_enabled() and torch.get_autocast_gpu_dtype() == torch.float16
    if not torch.amp.is_autocast_available(device):
        return False
    return torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16


def without_autocast(device: torch.device) -> AbstractContextManager:
    """Leave autocast, which would bring back to half precision what was widened.

    Args:
        device: That of the tensors; the meta device, on which costs are counted, knows no autocast.

    Returns:
        The context.
    """
    return nullcontext() if device.type == 'meta' else torch.autocast(device.type, enabled=False)
