"""Which slot owns a pixel: of (B, K, N) values the greatest wins, exact ties go to the lowest slot.

torch.argmax over an axis other than the last is several times slower on a CPU than the passes here, of the same result.
Nothing is a scatter, whose sums are not repeatable on a GPU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def best_if(values: Tensor, wanted: Tensor) -> Tensor:
    """Best value of each pixel, infinite where no slot shall own it.

    Args:
        values: float (B, K, N), finite.
        wanted: bool (B, N).

    Returns:
        float (B, N).
    """
    return values.amax(1).masked_fill(~wanted, math.inf)


def one_hot(assignment: Tensor, slots: int) -> Tensor:
    """Hard masks of an assignment.

    Args:
        assignment: int64 (B, N); -1 = none.
        slots: K.

    Returns:
        float (B, K, N), 0 or 1.
    """
    numbers = torch.arange(slots, device=assignment.device, dtype=torch.float)
    return (assignment.float()[:, None] - numbers[:, None]).eq_(0)


def release(assignment: Tensor, valid: Tensor) -> Tensor:
    """Take the pixels from slots that are not valid.

    Args:
        assignment: int64 (B, N); -1 = none.
        valid: bool (B, K).

    Returns:
        int64 (B, N).
    """
    kept = valid.gather(1, assignment.clamp(min=0))
    return torch.where(kept, assignment, -1)  # an owner of -1 stays -1 either way


def settle(values: Tensor, best: Tensor, valid: Tensor, min_area: int) -> tuple[Tensor, Tensor]:
    """Give each pixel to its best slot, and drop slots that got too few.

    Args:
        values: float (B, K, N), finite, lower for slots that are not valid than for any valid one.
        best: float (B, N), the greatest values; infinite = none shall own the pixel.
        valid: bool (B, K).
        min_area: fewest pixels of a slot.

    Returns:
        The owners, int64 (B, N), -1 = none; and which slots remain valid, bool (B, K).
    """
    slots = values.shape[1]
    precedence = torch.arange(slots, 0, -1, device=values.device, dtype=values.dtype)
    ranked = (values - best[:, None]).ge_(0).mul_(precedence[:, None])  # K for slot 0, ... 1, 0 where not the best
    first = ranked.amax(1)
    own = ranked.eq_(first.masked_fill(first == 0, math.inf)[:, None])
    remaining = valid & (own.sum(2) >= min_area)
    owners = torch.where(first > 0, slots - first, -1.0).long()
    return release(owners, remaining), remaining
