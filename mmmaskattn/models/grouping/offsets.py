"""Grouping by votes for centres, as in Panoptic-DeepLab (Cheng et al., CVPR 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import OUTSIDE_AFFINITY, Groups, invalid_bias
from mmmaskattn.models.grouping.options import GroupingOptions
from mmmaskattn.models.grouping.ownership import best_if, settle
from mmmaskattn.models.grouping.prototypes import check_maps
from mmmaskattn.models.grouping.seeds import best_peaks, compact


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

    Returns:
        The groups.

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
    owners, valid = settle(logits, best_if(logits, foreground), seeds.valid, options.min_area)
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
