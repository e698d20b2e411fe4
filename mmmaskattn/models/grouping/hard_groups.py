"""Groups of masks that are hard to begin with, such as true instances."""

from __future__ import annotations

import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import OUTSIDE_AFFINITY, Groups, invalid_bias
from mmmaskattn.models.grouping.ownership import one_hot


def groups_of_map(assignment: Tensor, slots: int, scores: Tensor | None = None) -> Groups:
    """Groups of a map of slots.

    Args:
        assignment: int64 (B, H, W), slot that owns the pixel, -1 = none.
        slots: K; slots without a pixel are not valid.
        scores: float (B, K), seed scores; 1 if not given.

    Returns:
        The groups; affinity is 0 inside a mask and -1e4 outside.
    """
    size = assignment.shape[1:]
    masks = one_hot(assignment.flatten(1), slots)
    valid = masks.amax(2) > 0
    given = torch.ones_like(masks[:, :, 0]) if scores is None else scores
    affinity = masks.sub_(1).mul_(-OUTSIDE_AFFINITY).add_(invalid_bias(valid))
    return Groups(valid, torch.where(valid, given, 0.0), affinity.unflatten(2, size), assignment)
