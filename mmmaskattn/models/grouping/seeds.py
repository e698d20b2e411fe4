"""Seeds of instances: local maxima of a map, those that repeat an object dropped, the best K kept."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmmaskattn.models.grouping.groups import (
    GroupingOptions,
    counts_slots,
    ordered_top,
    recorded_count,
    static_shapes,
)

# One object may have many peaks, so more than K are looked at before duplicates are dropped.
CANDIDATES_PER_INSTANCE = 4


class Seeds(NamedTuple):
    """Seeds of a batch, the valid ones first, ordered by (score descending, index ascending).

    Attributes:
        valid: bool (B, S).
        scores: float (B, S), 0 where not valid.
        places: int64 (B, S), pixel y * W + x.
    """

    valid: Tensor
    scores: Tensor
    places: Tensor

    def first(self) -> Seeds:
        """As many as the image with most has, at least 1; in recorded graphs of fixed shapes all of them."""
        if counts_slots():
            kept = recorded_count(self.valid[0])
        else:
            kept = self.valid.shape[1] if static_shapes() else max(1, int(self.valid.sum(1).max()))
        return Seeds(self.valid[:, :kept], self.scores[:, :kept], self.places[:, :kept])


def peak_mask(seed_map: Tensor, threshold: float) -> Tensor:
    """Pixels above the threshold that no neighbour of the 3x3 window exceeds.

    Of adjacent peaks, which are equal, only those stay that have no peak of lower index beside them: a plateau has one
    peak if it is a rectangle, a few at its upper left border if not.

    Args:
        seed_map: float (B, H, W).
        threshold: the value to exceed.

    Returns:
        bool (B, H, W).
    """
    height, width = seed_map.shape[1:]
    peaks = (seed_map == _window_maximum(seed_map)) & (seed_map > threshold)
    # 1 for the last pixel; exact in float32 up to 2^24 pixels.
    precedence = torch.arange(height * width, 0, -1, device=seed_map.device, dtype=torch.float).view(1, height, width)
    precedence = torch.where(peaks, precedence, 0.0)
    return peaks & (precedence == _window_maximum(precedence))


def _window_maximum(maps: Tensor) -> Tensor:
    """Greatest value of each pixel's 3x3 window, (B, H, W)."""
    return F.max_pool2d(maps[:, None], 3, 1, 1)[:, 0]


def best_peaks(seed_map: Tensor, threshold: float, count: int) -> Seeds:
    """The best peaks of each image.

    Args:
        seed_map: float (B, H, W), 0 to 1.
        threshold: the value that a seed must exceed.
        count: S, the most seeds of an image; fewer if the map has fewer pixels.
    """
    seed_map = seed_map.detach().float()
    peaks = torch.where(peak_mask(seed_map, threshold), seed_map, 0.0)
    scores, index = ordered_top(peaks.flatten(1), count)
    return Seeds(scores > 0, scores, index)


def compact(seeds: Seeds, count: int) -> Seeds:
    """Move the valid seeds to the front and keep ``count`` of them; in eager mode only as many as an image needs.

    Args:
        seeds: the seeds, ordered by score.
        count: K.
    """
    if counts_slots():
        return _picked(seeds, count)
    scores, order = ordered_top(torch.where(seeds.valid, seeds.scores, 0.0), count)
    return Seeds(scores > 0, scores, seeds.places.gather(1, order)).first()


def _picked(seeds: Seeds, count: int) -> Seeds:
    """`compact` of one image in a recorded graph, without sorting: seeds are in order, and no duplicate is first."""
    valid = seeds.valid & (seeds.valid.cumsum(1) <= count)
    first = torch.arange(valid.shape[1], device=valid.device) == 0
    order = (valid[0] | first).nonzero()[:, 0]
    torch._check(order.shape[0] >= 1)
    return Seeds(valid[:, order], seeds.scores[:, order], seeds.places[:, order])


def distinct_seeds(embeddings: Tensor, seed_map: Tensor, options: GroupingOptions) -> Seeds:
    """Candidates without duplicates: seeds like an earlier seed are dropped at once, as in fast NMS.

    A dropped seed still drops those after it; without this the seeds would have to be walked through one by one.

    Args:
        embeddings: float (B, D, H, W), unit length.
        seed_map: float (B, H, W), 0 to 1.
        options: how to group.

    Returns:
        Up to 4 K seeds, in their order; the duplicates are not valid. In eager mode only as many as an image has.
    """
    seeds = best_peaks(seed_map, options.seed_threshold, CANDIDATES_PER_INSTANCE * options.max_instances).first()
    vectors = embeddings_at(embeddings, seeds.places)
    alike = torch.bmm(vectors, vectors.transpose(1, 2)) > options.duplicate_similarity
    earlier = torch.ones(alike.shape[1:], dtype=torch.bool, device=alike.device).tril(-1)
    duplicate = (alike & earlier & seeds.valid[:, None]).sum(2) > 0
    return Seeds(seeds.valid & ~duplicate, seeds.scores, seeds.places)


def embeddings_at(embeddings: Tensor, places: Tensor) -> Tensor:
    """Embeddings of chosen pixels.

    Args:
        embeddings: float (B, D, H, W).
        places: int64 (B, S), pixel y * W + x.

    Returns:
        float (B, S, D).
    """
    pixels = embeddings.detach().float().flatten(2)
    return pixels.gather(2, places[:, None].expand(-1, pixels.shape[1], -1)).transpose(1, 2)


def count_peaks(seed_map: Tensor, options: GroupingOptions) -> Tensor:
    """Number of all peaks above the threshold, however many.

    Args:
        seed_map: float (B, H, W).
        options: how to group.

    Returns:
        int64 (B,).
    """
    return peak_mask(seed_map.detach().float(), options.seed_threshold).flatten(1).sum(1)


def count_seeds(embeddings: Tensor, seed_map: Tensor, options: GroupingOptions) -> Tensor:
    """Number of distinct seeds, to be told when it is above ``max_instances``.

    Args:
        embeddings: float (B, D, H, W), unit length.
        seed_map: float (B, H, W), 0 to 1.
        options: how to group.

    Returns:
        int64 (B,), at most 4 ``max_instances``.
    """
    return distinct_seeds(embeddings, seed_map, options).valid.sum(1)


def density_seeds(embeddings: Tensor, window: int = 5) -> Tensor:
    """Seed quality without a learned seed map: how much a pixel's surroundings agree with it.

    |m| cos(e, m) for the mean m of the embeddings in the window, which for unit embeddings is e . m: 1 deep inside an
    object, less near its border. The paper does not say where its instances start; this is our reading of grouping by
    embeddings alone.

    Args:
        embeddings: float (B, D, H, W), unit length.
        window: odd side of the window in pixels; at the image's border the part inside counts.

    Returns:
        float (B, H, W), 0 to 1.

    Raises:
        ValueError: the window is even or less than 1.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f'window of density_seeds is {window!r}; expected an odd number of at least 1')
    mean = F.avg_pool2d(embeddings, window, stride=1, padding=window // 2, count_include_pad=False)
    return (embeddings * mean).sum(1).clamp(0, 1)
