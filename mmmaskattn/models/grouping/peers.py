"""Other ways of grouping, to compare with: connected components, votes for centres, masks that are hard already."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from mmmaskattn.models.grouping.groups import OUTSIDE_AFFINITY, GroupingOptions, Groups, invalid_bias
from mmmaskattn.models.grouping.prototypes import assign_pixels, best_value_where, check_maps, one_hot
from mmmaskattn.models.grouping.seeds import best_peaks, compact


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


def group_by_components(semantic_probs: Tensor, num_things: int, options: GroupingOptions) -> Groups:
    """Make an instance of each connected part of each thing class of the argmax map; not exportable, runs on the CPU.

    The seed score is the mean probability of the class over the part. Of the options ``max_instances``, ``min_area``
    and ``connectivity`` count. Affinity is 0 inside and -1e4 outside of a part.

    Args:
        semantic_probs: float (B, C, H, W), things first.
        num_things: T.
        options: how to group.

    Raises:
        ValueError: There are fewer than T classes.
    """
    if semantic_probs.dim() != 4 or semantic_probs.shape[1] < num_things:
        raise ValueError(
            f'semantic_probs has shape {tuple(semantic_probs.shape)}; expected (B, C, H, W) with C of at least '
            f'num_things={num_things}'
        )
    best, labels = semantic_probs.detach().float().max(1)
    found = [
        _components_of_image(label.cpu().numpy(), probability.cpu().numpy(), num_things, options)
        for label, probability in zip(labels, best)
    ]
    slots = max(1, *(len(scores) for _, scores in found))
    assignment = torch.from_numpy(np.stack([assignment for assignment, _ in found]))
    scores = torch.zeros(len(found), slots)
    for row, (_, of_image) in zip(scores, found):
        row[: len(of_image)] = torch.from_numpy(of_image)
    return groups_of_map(assignment.to(labels.device), slots, scores.to(labels.device))


def _components_of_image(
    labels: np.ndarray, probability: np.ndarray, num_things: int, options: GroupingOptions
) -> tuple[np.ndarray, np.ndarray]:
    """int64 (H, W) map of slots, -1 = none, and the float32 (K,) mean probability of each, falling."""
    parts = _number_parts(labels, num_things, options.connectivity)
    numbers, first, areas = np.unique(parts, return_index=True, return_counts=True)
    sums = np.bincount(parts.ravel(), probability.ravel(), minlength=int(numbers[-1]) + 1)[numbers]
    means = (sums / areas).astype(np.float32)
    kept = np.flatnonzero((numbers > 0) & (areas >= options.min_area))
    order = kept[np.lexsort((first[kept], -means[kept]))][: options.max_instances]
    slots = np.full(int(numbers[-1]) + 1, -1, np.int64)
    slots[numbers[order]] = np.arange(len(order))
    return slots[parts], means[order]


def _number_parts(labels: np.ndarray, num_things: int, connectivity: int) -> np.ndarray:
    """int64 (H, W): 0 = no thing, else a number for each connected part of a class."""
    parts = np.zeros(labels.shape, np.int64)
    neighbours = ndimage.generate_binary_structure(2, 1 if connectivity == 4 else 2)
    total = 0
    for label in np.unique(labels[labels < num_things]):
        numbered, count = ndimage.label(labels == label, neighbours)
        parts[numbered > 0] = numbered[numbered > 0] + total
        total += count
    return parts


def group_by_offsets(offsets: Tensor, centre_map: Tensor, p_thing: Tensor, options: GroupingOptions) -> Groups:
    """Give each foreground pixel to the centre nearest to where its offset points; no gradient flows.

    Affinity is -d^2 / (2 sigma^2) for the distance d in pixels from vote to centre and sigma = ``vote_sigma``: the
    posterior of equal Gaussians around the centres. The original only assigns hard; the soft assignment is ours, so
    that scores and soft masks are made as for prototypes. Centres are the peaks of a 3x3 window, the original's is
    7x7: at 128x128 instances are small. Of the options, those about cosines do not count here.

    Args:
        offsets: float (B, 2, H, W), dx and dy in pixels from a pixel to its centre.
        centre_map: float (B, H, W), 0 to 1.
        p_thing: float (B, H, W), 0 to 1: probability of being any thing.
        options: how to group.

    Raises:
        ValueError: The shapes do not agree.
    """
    check_maps(offsets, centre_map, p_thing)
    if offsets.shape[1] != 2:
        raise ValueError(f'offsets have {offsets.shape[1]} channels; expected 2, dx and dy in pixels')
    size = p_thing.shape[1:]
    seeds = compact(best_peaks(centre_map, options.seed_threshold, options.max_instances), options.max_instances)
    squares = _squared_distances(offsets.detach().float(), seeds.places)
    # A bound, so that a wild offset never falls behind slots without an instance.
    logits = squares.mul_(-0.5 / options.vote_sigma**2).clamp_(min=OUTSIDE_AFFINITY)
    foreground = (p_thing > options.foreground).flatten(1) & seeds.valid.any(1, keepdim=True)
    logits.add_(invalid_bias(seeds.valid))
    owners, valid = assign_pixels(logits, best_value_where(logits, foreground), seeds.valid, options.min_area)
    affinity = logits.add_(invalid_bias(valid))
    scores = torch.where(valid, seeds.scores, 0.0)
    return Groups(valid, scores, affinity.unflatten(2, size), owners.unflatten(1, size))


def _squared_distances(offsets: Tensor, places: Tensor) -> Tensor:
    """(B, K, N) squared distance from the vote of each pixel to the centre at each of (B, K) places."""
    height, width = offsets.shape[2:]
    columns = torch.arange(width, device=offsets.device)
    rows = torch.arange(height, device=offsets.device)[:, None]
    across = (offsets[:, 0] + columns).flatten(1)[:, None] - (places % width)[:, :, None]
    down = (offsets[:, 1] + rows).flatten(1)[:, None] - (places // width)[:, :, None]
    return across.square_().add_(down.square_())
