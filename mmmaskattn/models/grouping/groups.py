"""What every way of grouping gives."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# Of slots that hold no instance: softmax gives them exactly 0 beside any valid one.
INVALID_AFFINITY = -1e9
# Of pixels outside a hard mask; far above that of invalid slots.
OUTSIDE_AFFINITY = -1e4


class Groups(NamedTuple):
    """Instances of a batch of images in K slots.

    K is at most ``max_instances``. In exported and compiled graphs, whose shapes are fixed, it is ``max_instances``
    (or the number of pixels, if less); in eager mode it is the largest number of seeds of an image of the batch, at
    least 1. The slots left out hold no instance, so nothing else changes.

    Attributes:
        valid: bool (B, K), whether the slot holds an instance.
        seed_scores: float (B, K), falling over the valid slots; 0 where not valid.
        affinity: float (B, K, H, W), logits whose softmax over the valid slots is the soft assignment; about -1e9
            where not valid.
        assignment: int64 (B, H, W), the slot that owns the pixel; -1 = none.
    """

    valid: Tensor
    seed_scores: Tensor
    affinity: Tensor
    assignment: Tensor


def static_shapes() -> bool:
    """Whether a graph is being recorded, in which no shape may depend on values."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def invalid_bias(valid: Tensor) -> Tensor:
    """What is added to affinities: 0 for valid slots, -1e9 for others.

    Args:
        valid: bool (B, K).

    Returns:
        float (B, K, 1).
    """
    return torch.where(valid, 0.0, INVALID_AFFINITY)[:, :, None]
