"""The greatest of many maps at another size, without all of them being there at that size at once.

A hundred masks of a 1024x2048 image are 0.8 GiB in float32, and a few copies of them more than many machines have.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

MOST_VALUES = 2**24
"""Values that are resized at a time: 64 MiB. At 128x128 these are 1024 maps, so there the maps are taken as a whole."""


class Greatest(NamedTuple):
    """The greatest of N maps at each pixel of (h, w).

    Attributes:
        owners: int64 (h, w), the map; of equal ones the first.
        values: float (h, w), its value.
        areas: int64 (N,), pixels in which a map exceeds the threshold.
    """

    owners: Tensor
    values: Tensor
    areas: Tensor


def resize_map(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps bilinearly.

    Args:
        maps: (n, H, W); n may be 0.
        size: (h, w).

    Returns:
        (n, h, w).
    """
    if tuple(maps.shape[1:]) == tuple(size):
        return maps
    if not maps.shape[0]:
        return maps.new_zeros(0, *size)
    return F.interpolate(maps[None], tuple(size), mode='bilinear', align_corners=False)[0]


def greatest_at(maps: Tensor, size: tuple[int, int], threshold: float = 0.5) -> Greatest:
    """Resize maps bilinearly and say which is the greatest where.

    Args:
        maps: float (N, H, W), N at least 1.
        size: (h, w).
        threshold: What a pixel must exceed to count for the area of a map.

    Returns:
        The greatest; the same whether the maps are taken as a whole or a few at a time.
    """
    step = max(1, MOST_VALUES // (size[0] * size[1]))
    found = _greatest(resize_map(maps[:step], size), threshold)
    for first in range(step, maps.shape[0], step):
        part = _greatest(resize_map(maps[first : first + step], size), threshold)
        better = part.values > found.values
        found = Greatest(
            torch.where(better, part.owners + first, found.owners),
            torch.where(better, part.values, found.values),
            torch.cat([found.areas, part.areas]),
        )
    return found


def _greatest(maps: Tensor, threshold: float) -> Greatest:
    values, owners = maps.max(0)
    return Greatest(owners, values, (maps > threshold).flatten(1).sum(1))
