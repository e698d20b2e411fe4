"""The precision that losses are computed in."""

from __future__ import annotations

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
