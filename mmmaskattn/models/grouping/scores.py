"""Scores of instances, their soft masks, and maps resized to the size that is wanted.

Maps are resized a few at a time: a hundred masks of a 1024x2048 image are 0.8 GiB in float32, and a few copies of them
more than many machines have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.models.grouping.cells import cell_side, enlarge
from mmmaskattn.models.grouping.groups import Groups, ordered_top, static_shapes
from mmmaskattn.models.grouping.pixel_maps import LARGE, narrow_type
from mmmaskattn.models.grouping.prototypes import one_hot
from mmmaskattn.models.precision import without_autocast

RESIZED_AT_ONCE = 2**24
"""Values that are resized at a time: 64 MiB. At 128x128 these are 1024 maps, so there the maps are taken as a whole."""

STRIP = 2**21
"""Values of a strip at a time: 8 MiB."""


class Greatest(NamedTuple):
    """The greatest of N maps at each pixel of (h, w).

    Attributes:
        owners: int (h, w), the map; of equal ones the first. int64, of large pictures int16 where that holds it.
        values: float (h, w), its value.
        areas: int64 (N,), pixels in which a map exceeds the threshold; none without one.
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


def greatest_at(maps: Tensor, size: tuple[int, int], threshold: float | None = None) -> Greatest:
    """Resize maps bilinearly and say which is the greatest where.

    On a CPU this takes half the time, and a third if they are resized, where the N values of a pixel lie beside each
    other in memory, as `pixels_last` lays them.

    Args:
        maps: float (N, H, W), N at least 1.
        size: (h, w).
        threshold: What a pixel must exceed to count for the area of a map; None counts no areas.

    Returns:
        The greatest; the same whether the maps are taken as a whole or a few at a time.
    """
    if threshold is None and size[0] * size[1] > LARGE and maps.shape[0] > 1 and not static_shapes():
        return _greatest_by_strips(maps, size)
    step = max(1, RESIZED_AT_ONCE // (size[0] * size[1]))
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


class _Places(NamedTuple):
    """Between which places of a coarse axis those of a fine one lie, as torch's bilinear resizing has it."""

    low: Tensor
    high: Tensor
    share: Tensor

    @classmethod
    def of(cls, coarse: int, fine: int, device: torch.device) -> _Places:
        """The places for lengths in pixels."""
        middle = ((torch.arange(fine, device=device) + 0.5) * (coarse / fine) - 0.5).clamp(min=0)
        low = middle.long().clamp(max=coarse - 1)
        return cls(low, (low + 1).clamp(max=coarse - 1), middle - low)


def _greatest_by_strips(maps: Tensor, size: tuple[int, int]) -> Greatest:
    """`greatest_at` of large pictures: strip by strip, with only those maps that can be the greatest somewhere in it.

    Between four places of a coarse map a bilinear value lies between the least and the greatest of them. So where the
    least of one map is above the greatest of another, the other is out: of a hundred objects few meet a strip. Values
    differ from those of torch's resizing by roundings.
    """
    rows, columns = (_Places.of(old, new, maps.device) for old, new in zip(maps.shape[1:], size))
    owners = torch.empty(size, dtype=narrow_type(maps.shape[0]), device=maps.device)
    values = torch.empty(size, dtype=maps.dtype, device=maps.device)
    for top in rows.low.unique().tolist():
        inside = (rows.low == top).nonzero()[:, 0]
        pair = maps[:, top : top + 2]
        pair = pair if pair.shape[1] == 2 else pair.expand(-1, 2, -1)
        alive = _can_be_greatest(pair)
        near = pair[alive].permute(1, 2, 0)
        wide = torch.lerp(near[:, columns.low], near[:, columns.high], columns.share[:, None])
        step = max(1, STRIP // (size[1] * len(alive)))
        for part in inside.split(step):
            found = torch.lerp(wide[:1], wide[1:], rows.share[part, None, None]).max(2)
            values[part], owners[part] = found.values, alive[found.indices].to(owners.dtype)
    return Greatest(owners, values, alive.new_zeros(0))


def _can_be_greatest(pair: Tensor) -> Tensor:
    """Numbers of the maps (n, 2, w) that can be the greatest at a place between two rows."""
    highest, lowest = pair.amax(1), pair.amin(1)
    if pair.shape[2] > 1:
        highest = torch.maximum(highest[:, 1:], highest[:, :-1])
        lowest = torch.minimum(lowest[:, 1:], lowest[:, :-1])
    return (highest >= lowest.amax(0)).any(1).nonzero()[:, 0]


def _greatest(maps: Tensor, threshold: float | None) -> Greatest:
    values, owners = maps.max(0)
    if threshold is None:
        return Greatest(owners, values, owners.new_zeros(0))
    # As a product, which sums in float32 exactly up to 2^24 pixels, and is quick in any order of memory.
    above = (maps > threshold).to(maps.dtype).flatten(1)
    return Greatest(owners, values, torch.mv(above, above.new_ones(above.shape[1])).long())


def pixels_last(maps: Tensor) -> Tensor:
    """The same maps (B, N, H, W), with the N values of a pixel beside each other in memory."""
    return maps.contiguous(memory_format=torch.channels_last)


def group_means(features: Tensor, groups: Groups) -> Tensor:
    """Mean of features over each hard mask, as a product of matrices: a scatter would not be repeatable on a GPU.

    Of coarser features each cell counts as often as the mask has places in it: the mean is that over features enlarged
    to the masks' size by repeating them.

    Args:
        features: float (B, C, h, w), of the masks' size or a map of cells over it.
        groups: the groups, K slots.

    Returns:
        float (B, K, C); 0 for slots without a pixel. Gradients flow to the features.

    Raises:
        ValueError: The features are no map of cells over the masks.
    """
    masks = one_hot(groups.assignment.flatten(1), groups.valid.shape[1])
    size = groups.assignment.shape[1:]
    side = _side_of_cells(features, size)
    if side > 1:
        height, width = features.shape[2:]
        masks = F.pad(masks.unflatten(2, size), (0, width * side - size[1], 0, height * side - size[0]))
        masks = masks.unflatten(3, (width, side)).unflatten(2, (height, side)).sum((3, 5)).flatten(2)
    areas = masks.sum(2, keepdim=True).clamp(min=1)
    return torch.bmm(masks.to(features.dtype), features.flatten(2).transpose(1, 2)) / areas


def _side_of_cells(features: Tensor, size: Sequence[int]) -> int:
    """How many places of (H, W) a cell of the features has in each direction."""
    side = cell_side(features.shape[2:], size)
    if not side:
        raise ValueError(
            f'features are {tuple(features.shape[2:])}, the map of slots {tuple(size)}; expected the same size, or it '
            'divided by 2, 4, 8, ... and rounded up'
        )
    return side


def slot_means(features: Tensor, assignment: Tensor, slots: int) -> Tensor:
    """What `group_means` computes, by a scatter: several times faster; for training, where the order of sums may vary.

    Args:
        features: float (B, C, h, w), of the masks' size or a map of cells over it.
        assignment: int64 (B, H, W), slot that owns the pixel, -1 = none.
        slots: K.

    Returns:
        float (B, K, C); 0 for slots without a pixel. Gradients flow to the features.

    Raises:
        ValueError: The features are no map of cells over the masks.
    """
    side = _side_of_cells(features, assignment.shape[1:])
    width, cells = features.shape[3], features.shape[2] * features.shape[3]
    rows, columns = (torch.arange(length, device=features.device) // side for length in assignment.shape[1:])
    code = (assignment + 1) * cells + rows[:, None] * width + columns
    counts = features.new_zeros(len(features), (slots + 1) * cells)
    counts = counts.scatter_add_(1, code.flatten(1), torch.ones_like(code, dtype=features.dtype).flatten(1))
    counts = counts.unflatten(1, (slots + 1, cells))[:, 1:]
    with without_autocast(features.device):  # it would sum in half precision
        sums = torch.bmm(counts, features.flatten(2).transpose(1, 2))
    return sums / counts.sum(2, keepdim=True).clamp(min=1)


def class_probabilities(class_logits: Tensor | None, semantic_probs_pooled: Tensor) -> Tensor:
    """Class of each instance: the geometric mean of the classifier's and the pixels' opinion, normalised.

    "No object" takes part in the normalisation, its pixels' opinion being the mean probability of stuff, so an
    instance that the classifier takes for none keeps little for the thing classes.

    Args:
        class_logits: float (B, K, T + 1), no object last; None if there is no classifier: then it is the pixels'
            opinion normalised over the things.
        semantic_probs_pooled: float (B, K, T), mean over the mask of the probability of each thing class.

    Returns:
        float (B, K, T), whose sum over T is at most 1.
    """
    votes = semantic_probs_pooled.float()
    if class_logits is None:
        return votes / votes.sum(2, keepdim=True).clamp(min=1e-12)
    stuff = (1 - votes.sum(2, keepdim=True)).clamp(min=0)
    agreed = (class_logits.float().softmax(2) * torch.cat([votes, stuff], dim=2)).sqrt()
    return agreed[:, :, :-1] / agreed.sum(2, keepdim=True).clamp(min=1e-12)


def mean_posterior(groups: Groups, p_thing: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over each hard mask of the pixels' soft assignment to it, and of their probability of being a thing.

    Args:
        groups: the groups, K slots.
        p_thing: float (B, H, W).

    Returns:
        Two float (B, K), 0 for slots without a pixel.
    """
    affinity = groups.affinity.flatten(2)
    owner = groups.assignment.flatten(1).clamp(min=0)[:, None]
    own = affinity.gather(1, owner)[:, 0]
    posterior = (own - affinity.logsumexp(1)).exp()
    pixels = torch.stack([posterior, p_thing.float().flatten(1)], dim=1).unflatten(2, p_thing.shape[1:])
    means = group_means(pixels, groups)
    return means[:, :, 0], means[:, :, 1]


def instance_scores(groups: Groups, class_prob: Tensor, p_thing: Tensor) -> Tensor:
    """Score of each instance as each class: root of seed * class * square of (soft assignment * thing probability).

    Each factor is small for another kind of mistake: no object there, the wrong class, a border to a neighbour in the
    wrong place, too much background, the latter two as means over the mask. How good the mask is ranks better than how
    sure the seed, hence the powers. The paper gives no score; its released code scores every instance 1.0.

    Args:
        groups: the groups, K slots.
        class_prob: float (B, K, T).
        p_thing: float (B, H, W).

    Returns:
        float (B, K, T), 0 to 1; 0 where not valid.
    """
    posterior, thing = mean_posterior(groups, p_thing)
    certainty = groups.seed_scores.sqrt() * (posterior * thing).square() * groups.valid
    return certainty[:, :, None] * class_prob


def top_instances(scores: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best pairs of slot and class, ties by slot, then by class.

    Args:
        scores: float (B, K, T).
        count: most pairs of an image; fewer if K * T is less.

    Returns:
        Scores float (B, N), falling; slots int64 (B, N); labels int64 (B, N). Pairs that stand for nothing, of slots
        that are not valid, come last and score 0.
    """
    classes = scores.shape[2]
    if not scores.shape[1]:
        empty = scores.new_zeros(scores.shape[0], 0)
        return empty, empty.long(), empty.long()
    values, index = ordered_top(scores.flatten(1), count)
    return values, index // classes, index % classes


def soft_masks(groups: Groups, p_thing: Tensor) -> Tensor:
    """Probability of each pixel to be a thing and of this instance: softmax of the affinity * ``p_thing``.

    Args:
        groups: the groups, K slots.
        p_thing: float (B, H, W), at the size of the masks; where it is finer than the groups, their soft assignment
            is enlarged to it.

    Returns:
        float (B, K, H, W), 0 to 1, whose sum over K is at most ``p_thing``; 0 where not valid.
    """
    return shared_things(groups.affinity, p_thing) * groups.valid[:, :, None, None]


def shared_things(affinity: Tensor, p_thing: Tensor) -> Tensor:
    """`soft_masks` of slots that are all valid.

    Args:
        affinity: float (B, K, h, w), K at least 1.
        p_thing: float (B, H, W).

    Returns:
        float (B, K, H, W), the K values of a pixel beside each other in memory.
    """
    batch, slots, height, width = affinity.shape
    shares = affinity.permute(0, 2, 3, 1).reshape(-1, slots).softmax(1)
    shares = shares.view(batch, height, width, slots).permute(0, 3, 1, 2)
    return enlarge(shares, (p_thing.shape[1], p_thing.shape[2])) * p_thing[:, None]
