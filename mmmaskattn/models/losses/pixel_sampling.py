"""The pixels that a loss on pairs looks at: a few of each instance and some background, for all images at once.

All pairs of a 128x128 image are 2.7e8; the paper allows "a sampled subset of all pixel pairs" (section 3.3, below
Eq. 6) and leaves open which. Here every instance gives the same number of pixels, so that a small one weighs as much
as a large one. One sort does the work: sorted by (instance, random number), the first M of each run are M pixels of
that instance, drawn uniformly and without replacement.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 5
"""Side in pixels of the window in which another id makes a pixel one of the boundary."""

_RANDOM_BITS = 31  # whole-number keys: a float sum of id and random number could round up into the next id


class PixelSample(NamedTuple):
    """Pixels drawn from a batch of instance maps.

    Attributes:
        index: int64 (B, S), place of each pixel in its flattened map, row by row.
        ids: int64 (B, S), value of the map there: 0 = background, 1 and up = instance; -1 = padding, whose ``index``
            means nothing. The padding of an image stands at its end.
    """

    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which no one calls here
    ids: Tensor


class _Columns(NamedTuple):
    """Layout of one draw: which slot a column is for and its number within the slot, both int64 (S,)."""

    slot: Tensor
    rank: Tensor


def sample_pixels(
    instance_map: Tensor,
    pixels_per_instance: int = 16,
    background_pixels: int = 64,
    max_instances: int = 64,
    boundary_share: float = 0.0,
) -> PixelSample:
    """Draw pixels of every instance and of the background, image by image, from torch's random numbers.

    Args:
        instance_map: int64 (B, H, W): -1 = ignore, which is never drawn; 0 = background; 1 and up = instance.
        pixels_per_instance: Pixels of each instance, fewer if it has fewer.
        background_pixels: Pixels of the background, fewer if it has fewer.
        max_instances: From an image with more instances, a random choice of this many; the others give no pixel.
        boundary_share: Share of the pixels of each instance and of the background that is taken first from pixels
            whose 5x5 window holds another id than their own (ignore is none), as far as there are such; the rest is
            drawn from all pixels left. 0 draws uniformly.

    Returns:
        The sample; S is the largest number of pixels that an image of the batch gives.
    """
    flat = instance_map.flatten(1)
    slots, count = _choose_instances(flat, max_instances)
    columns = _columns(count, pixels_per_instance, background_pixels, flat.device)
    quotas = torch.full((len(flat), count + 1), pixels_per_instance, device=flat.device)
    quotas[:, 0] = background_pixels
    if boundary_share > 0:
        near = torch.where(_near_another_id(instance_map).flatten(1), slots, -1)
        first, found_first, drawn = _draw(near, (quotas * boundary_share).round().long(), columns)
        index, found, _ = _draw(_without(slots, first, found_first), quotas - drawn, columns)
        index, found = torch.cat([first, index], dim=1), torch.cat([found_first, found], dim=1)
    else:
        index, found, _ = _draw(slots, quotas, columns)
    return _pack(flat, index, found)


def _choose_instances(flat: Tensor, max_instances: int) -> tuple[Tensor, int]:
    """Give each instance of an image a slot, in random order, and none to those beyond ``max_instances``.

    Args:
        flat: int64 (B, N), the maps.
        max_instances: The number of slots that there are at most.

    Returns:
        Slots int64 (B, N): -1 = not drawn, 0 = background, 1 and up = chosen instance; the number of slots.
    """
    largest = max(int(flat.max()), 0)
    count = min(largest, max_instances)
    present = flat.new_zeros((len(flat), largest + 2), dtype=torch.bool).scatter_(1, flat + 1, True)[:, 2:]
    # Ids without a pixel come last, so that they take no slot from those with one.
    draws = torch.rand(present.shape, device=flat.device).masked_fill(~present, 2.0)
    chosen = draws.argsort(dim=1)[:, :count]
    numbers = torch.arange(1, count + 1, device=flat.device).expand(len(flat), -1)
    slot_of_id = flat.new_full((len(flat), largest + 2), -1).scatter_(1, chosen + 2, numbers)
    slot_of_id[:, 1] = 0
    return slot_of_id.gather(1, flat + 1), count


def _columns(count: int, pixels_per_instance: int, background_pixels: int, device: torch.device) -> _Columns:
    """Columns for the background (slot 0), then for slots 1 to ``count``."""
    background = torch.arange(background_pixels, device=device)
    slots = torch.arange(1, count + 1, device=device).repeat_interleave(pixels_per_instance)
    ranks = torch.arange(pixels_per_instance, device=device).repeat(count)
    return _Columns(torch.cat([torch.zeros_like(background), slots]), torch.cat([background, ranks]))


def _draw(slots: Tensor, quotas: Tensor, columns: _Columns) -> tuple[Tensor, Tensor, Tensor]:
    """Draw pixels of every slot without replacement.

    Args:
        slots: int64 (B, N), -1 = not drawn.
        quotas: int64 (B, slots), pixels wanted of each, at most as many as it has columns.
        columns: S columns.

    Returns:
        Pixels int64 (B, S); whether a column holds one, bool (B, S); how many each slot gave, int64 (B, slots).
    """
    keys = (slots << _RANDOM_BITS) + torch.randint(1 << _RANDOM_BITS, slots.shape, device=slots.device)
    ordered, order = keys.sort(dim=1)
    bounds = torch.arange(quotas.shape[1] + 1, device=slots.device) << _RANDOM_BITS
    runs = torch.searchsorted(ordered, bounds.expand(len(slots), -1).contiguous())
    drawn = torch.minimum(quotas, runs.diff(dim=1))
    places = runs[:, columns.slot] + columns.rank
    index = order.gather(1, places.clamp(max=slots.shape[1] - 1))
    return index, columns.rank < drawn[:, columns.slot], drawn


def _without(slots: Tensor, index: Tensor, found: Tensor) -> Tensor:
    """Take the pixels found out of the slots (B, N); columns that hold none write into a column that is cut off."""
    aim = torch.where(found, index, slots.shape[1])
    return F.pad(slots, (0, 1)).scatter(1, aim, -1)[:, :-1]


def _near_another_id(instance_map: Tensor) -> Tensor:
    """Pixels (B, H, W) in whose window there is another id, ignore apart; for a pixel of ignore it says nothing."""
    ids = instance_map.float()  # exact to 16 million ids
    largest = F.max_pool2d(ids, WINDOW, stride=1, padding=WINDOW // 2)
    lowest = -F.max_pool2d(-ids.masked_fill(instance_map < 0, torch.inf), WINDOW, stride=1, padding=WINDOW // 2)
    return lowest < largest


def _pack(flat: Tensor, index: Tensor, found: Tensor) -> PixelSample:
    """Bring the columns that hold a pixel to the front of each image and cut off what no image needs."""
    width = int(found.sum(dim=1).max())
    order = (~found).byte().argsort(dim=1, stable=True)[:, :width]
    index, found = index.gather(1, order), found.gather(1, order)
    return PixelSample(index, torch.where(found, flat.gather(1, index), -1))
