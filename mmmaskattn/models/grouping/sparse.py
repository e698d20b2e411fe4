"""Grouping, scores and owners of one picture for recorded graphs, at those pixels alone that can belong to an object.

The same as `group_by_prototypes`, `instance_scores` and the soft masks give, for a picture by itself. A graph pays for
every value of every map, so nothing here is as large as objects x pixels: rows are pixels that are things or beside
one, columns are objects, and the greatest of a row is found where its values lie beside each other in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.models.grouping.cells import cell_side
from mmmaskattn.models.grouping.groups import INVALID_AFFINITY, GroupingOptions, counted_slots
from mmmaskattn.models.grouping.scores import class_probabilities
from mmmaskattn.models.grouping.seeds import compact, distinct_seeds, embeddings_at

INSIDE = 0.5
"""Soft masks at a pixel must add up to more than this for it to belong to an object."""


class Rows(NamedTuple):
    """Some pixels of a map.

    Attributes:
        places: int64 (M,), y * W + x; the first pixel is always among them, so that there is one.
        numbers: int64 (H * W,), the row of each pixel; 0 for those that have none.
    """

    places: Tensor
    numbers: Tensor

    @classmethod
    def where(cls, wanted: Tensor) -> Rows:
        """Rows of the pixels of a map, bool (H, W), that are true."""
        flat = wanted.flatten()
        flat = flat | (torch.arange(flat.shape[0], device=flat.device) == 0)
        places = flat.nonzero()[:, 0]
        torch._check(places.shape[0] >= 1)
        return cls(places, (flat.long().cumsum(0) - 1).clamp(min=0) * flat)


class SparseGroups(NamedTuple):
    """Objects of one picture in K slots, at M pixels.

    Attributes:
        rows: Which pixels.
        valid: bool (K,), whether a slot holds an object.
        seed_scores: float (K,).
        shares: float (M, K), soft assignment; adds up to 1 where there is an object.
        masks: float (M, K), 1 where a slot owns a pixel, else 0.
    """

    rows: Rows
    valid: Tensor
    seed_scores: Tensor
    shares: Tensor
    masks: Tensor


def near_things(p_thing: Tensor, least: float) -> Tensor:
    """Pixels (H, W) that are more likely a thing than ``least``, and those beside them: what bilinear values need."""
    return F.max_pool2d(p_thing[None, None], 3, 1, 1)[0, 0] > least


def group_sparsely(
    embeddings: Tensor, seed_map: Tensor, p_thing: Tensor, rows: Rows, options: GroupingOptions
) -> SparseGroups:
    """Group the pixels of one picture by their embeddings, see `group_by_prototypes`.

    Args:
        embeddings: float (1, D, H, W), unit length.
        seed_map: float (1, H, W), 0 to 1.
        p_thing: float (1, H, W).
        rows: The pixels that take part, all of the foreground among them.
        options: how to group.
    """
    with counted_slots():
        seeds = compact(distinct_seeds(embeddings, seed_map, options), options.max_instances)
    prototypes = embeddings_at(embeddings, seeds.places)[0]
    own = _rows_of(embeddings, rows.places)
    foreground = (p_thing.flatten()[rows.places] > options.foreground) & seeds.valid[0, 0]
    counted = F.pad(own, (0, 1), value=1.0)
    for _ in range(options.iterations):
        sums = _hard(own @ prototypes.t(), foreground, options.similarity).t() @ counted
        prototypes = torch.where(sums[:, -1:] > 0, F.normalize(sums[:, :-1], dim=1), prototypes)
    scale = 1 / options.temperature
    values = own @ (prototypes * scale).t()
    masks = _hard(values, foreground, options.similarity * scale)
    valid = seeds.valid[0] & (masks.sum(0) >= options.min_area)
    shares = (values + torch.where(valid, 0.0, INVALID_AFFINITY)).softmax(1)
    return SparseGroups(rows, valid, torch.where(valid, seeds.scores[0], 0.0), shares, masks * valid)


def _rows_of(maps: Tensor, places: Tensor) -> Tensor:
    """float (M, C): the values of maps (1, C, H, W) at some places."""
    return maps[0].flatten(1).t().contiguous().index_select(0, places)


def _hard(values: Tensor, foreground: Tensor, threshold: float) -> Tensor:
    """float (M, K): 1 for the slot of the greatest value, if that is above the threshold."""
    best, first = values.max(1)
    kept = torch.where(foreground & (best > threshold), first, -1)
    return (kept[:, None] == torch.arange(values.shape[1], device=values.device)).to(values.dtype)


def sparse_means(features: Tensor, groups: SparseGroups, size: tuple[int, int], p_thing: Tensor) -> Tensor:
    """Means over each hard mask, see `group_means` and `mean_posterior`.

    Args:
        features: float (1, C, h, w), of the size of the grouped map, or cells over it.
        groups: the groups.
        size: (H, W) of that map.
        p_thing: float (1, H, W).

    Returns:
        float (K, C + 2): of the features, the soft assignment, the probability of a thing; 0 without a pixel.
    """
    side = cell_side(features.shape[2:], size)
    places = groups.rows.places
    line, column = _lines_of(places, size[1])
    cells = line // side * features.shape[3] + column // side
    posterior = (groups.shares * groups.masks).sum(1, keepdim=True)
    columns = [_rows_of(features, cells), posterior, p_thing.flatten()[places][:, None]]
    sums = groups.masks.t() @ torch.cat([*columns, torch.ones_like(posterior)], 1)
    return sums[:, :-1] / sums[:, -1:].clamp(min=1)


def sparse_scores(groups: SparseGroups, means: Tensor, class_logits: Tensor, num_things: int) -> Tensor:
    """Score of each object as each class, see `instance_scores`.

    Args:
        groups: the groups.
        means: float (K, T + 2), means of the probabilities of things, the soft assignment, the probability of a thing.
        class_logits: float (K, T + 1).
        num_things: T.

    Returns:
        float (K, T).
    """
    votes, posterior, thing = means.split([num_things, 1, 1], 1)
    found = class_probabilities(class_logits[None], votes[None])[0]
    return (groups.seed_scores.sqrt()[:, None] * (posterior * thing).square() * groups.valid[:, None]) * found


class Corners(NamedTuple):
    """The four places of a coarse map around some pixels of a fine one, as torch's bilinear resizing has it.

    Attributes:
        pairs: int64 (Q,), y * w + x in the coarse map, and the weight, float (Q, 1), of each of the four.
    """

    pairs: list[tuple[Tensor, Tensor]]

    @classmethod
    def of(cls, pixels: Tensor, fine: tuple[int, int], coarse: tuple[int, int], side: int = 0) -> Corners:
        """Find them.

        Args:
            pixels: int64 (Q,), y * W + x in the fine map.
            fine: (H, W).
            coarse: (h, w).
            side: of a coarse cell in pixels, where cells may reach over the fine map; else the maps cover the same.
        """
        rows, columns = (
            _line(places, coarse[axis], side or torch.full((), fine[axis], dtype=torch.float32) / coarse[axis])
            for axis, places in enumerate(_lines_of(pixels, fine[1]))
        )
        return cls(
            [(row * coarse[1] + column, (down * across)[:, None]) for row, down in rows for column, across in columns]
        )


def _lines_of(places: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Row and column of places y * W + x; as tensors, since exporters have no remainder for lengths that are open."""
    length = torch.full((), width, dtype=torch.long, device=places.device)
    rows = places // length
    return rows, places - rows * length


def _line(places: Tensor, coarse: int, side: Tensor | float) -> list[tuple[Tensor, Tensor]]:
    """The two places of a coarse axis around those of a fine one, each with its weight."""
    middle = ((places.float() + 0.5) / side - 0.5).clamp(min=0)
    low = middle.floor().clamp(max=coarse - 1)
    share = middle - low
    return [(low.long(), 1 - share), ((low + 1).clamp(max=coarse - 1).long(), share)]


def rows_between(values: Tensor, rows: Rows, corners: Corners) -> Tensor:
    """Bilinear values (Q, K) between rows (M, K) of a coarse map."""
    near = [values.index_select(0, rows.numbers[places]) * weights for places, weights in corners.pairs]
    return near[0] + near[1] + near[2] + near[3]


def soft_rows(groups: SparseGroups, grid: tuple[int, int], p_thing: Tensor, rows: Rows) -> Tensor:
    """Soft masks, see `soft_masks`, at some pixels of the network's input.

    Args:
        groups: the groups.
        grid: (H, W) of the map that was grouped.
        p_thing: float (1, H, W), at the size of the input.
        rows: which pixels.

    Returns:
        float (M, K).
    """
    shares, size = groups.shares, (p_thing.shape[1], p_thing.shape[2])
    if grid != size:
        corners = Corners.of(rows.places, size, grid, cell_side(grid, size))
        shares = rows_between(shares, groups.rows, corners)
    return shares * (p_thing.flatten()[rows.places] * groups.valid.any())[:, None]


def owners_at(soft: Tensor, rows: Rows, p_thing: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find who owns the pixels of the maps that are wanted.

    Args:
        soft: float (M, K), from `soft_rows`.
        rows: their pixels.
        p_thing: float (1, H, W), at the size of the input.
        inside: bool (h, w), whether the soft masks, brought to that size, add up to more than `INSIDE`.

    Returns:
        Owners int64 (h, w), -1 = none; and the greatest soft mask of each pixel: which, int64 (h, w), and its value,
        float (h, w), 0 where not inside.
    """
    size = (inside.shape[0], inside.shape[1])
    wanted = Rows.where(inside)
    corners = Corners.of(wanted.places, size, (p_thing.shape[1], p_thing.shape[2]))
    values, greatest = rows_between(soft, rows, corners).max(1)
    kept = inside.flatten()[wanted.places]
    maps = (
        torch.full((size[0] * size[1],), -1, device=soft.device).scatter(0, wanted.places, greatest.where(kept, -1)),
        torch.zeros(size[0] * size[1], dtype=torch.long, device=soft.device).scatter(0, wanted.places, greatest),
        torch.zeros(size[0] * size[1], device=soft.device).scatter(0, wanted.places, values * kept),
    )
    owners, which, value = (one.unflatten(0, size) for one in maps)
    return owners, which, value
