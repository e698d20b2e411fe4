"""The loss of the seed map, from which instances are started, and its target."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmmaskattn.models.precision import at_least_float32
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import NonNegative

MIN_SIGMA = 0.7
RADII_PER_SIGMA = 3


def seed_heatmap(points: Sequence[Tensor], radii: Sequence[Tensor], instance_map: Tensor) -> Tensor:
    """Draw a Gaussian around each seed, on the pixels of its own instance only.

    The seed is the pixel of the instance nearest to its point, so that an instance has exactly one even if the point is
    off its pixels, as a centre of mass may be. Sigma is a third of the inscribed radius, but at least 0.7 pixels. Not
    of the paper, which does not say how instances are read off the embeddings; the target is that of keypoint detectors
    (CornerNet), cut to the mask.

    Args:
        points: For each of B images float (G, 2), x and y in pixels, for instances 1 to G.
        radii: For each image float (G,), inscribed radius in pixels.
        instance_map: int64 (B, H, W): -1 = ignore, 0 = background, 1 to G = instance.

    Returns:
        float (B, H, W) in [0, 1]: exactly 1 on the seeds, 0 off the instances.

    Raises:
        ValueError: If an image has other than one point and one radius for each instance.
    """
    _check_counts(points, radii, instance_map)
    counts = torch.tensor([0, *map(len, points[:-1])], device=instance_map.device)
    # One table for the batch. Row 0 stands for all pixels of no instance, so that it is never empty.
    rows = torch.where(instance_map > 0, instance_map + counts.cumsum(0)[:, None, None], 0)
    sigma = torch.cat([radii[0].new_ones(1), *radii]).div(RADII_PER_SIGMA).clamp(min=MIN_SIGMA)
    seeds = _nearest_pixels(torch.cat([points[0].new_zeros(1, 2), *points]), rows)
    return torch.exp(-_squared_distances(seeds, rows) / (2 * sigma[rows] ** 2)) * (rows > 0)


def _squared_distances(points: Tensor, rows: Tensor) -> Tensor:
    """Squared distance (B, H, W) of every pixel from the point (x, y) in its row of the table."""
    x = torch.arange(rows.shape[2], device=rows.device)
    y = torch.arange(rows.shape[1], device=rows.device)[:, None]
    return (x - points[:, 0][rows]) ** 2 + (y - points[:, 1][rows]) ** 2


def _nearest_pixels(points: Tensor, rows: Tensor) -> Tensor:
    """Of the pixels of each table row the one nearest to its point, of equally near ones the first: x and y."""
    squared = _squared_distances(points, rows)
    lowest = points.new_full((len(points),), torch.inf).scatter_reduce(0, rows.flatten(), squared.flatten(), 'amin')
    height, width = rows.shape[1:]
    places = torch.arange(height * width, device=rows.device).view(height, width)
    nearest = torch.where(squared == lowest[rows], places, height * width)
    first = rows.new_full((len(points),), height * width).scatter_reduce(0, rows.flatten(), nearest.flatten(), 'amin')
    return torch.stack([first % width, first // width], dim=1)


def _check_counts(points: Sequence[Tensor], radii: Sequence[Tensor], instance_map: Tensor) -> None:
    instances = instance_map.flatten(1).amax(dim=1).clamp(min=0).tolist()
    found = [len(one) for one in points], [len(one) for one in radii]
    if found[0] != found[1] or len(found[0]) != len(instances) or any(a < b for a, b in zip(found[0], instances)):
        raise ValueError(
            f'seed_heatmap: {found[0]} points and {found[1]} radii for images whose largest instance numbers are '
            f'{instances}. Expected one of each for every instance: do FindSeeds and PackSegments stand in the '
            f'training pipeline, after all that moves pixels?'
        )


@MODELS.register_module()
class SeedLoss(nn.Module):
    """Penalty-reduced focal loss (mmdet's `GaussianFocalLoss`) on seed logits; not of the paper.

    Seeds count as positives, all other pixels as negatives, the less the closer they are to a seed. The sum over all
    pixels but the ignored is divided by the number of seeds in the batch, at least 1. Without a pixel that counts, the
    loss is 0 and still part of the graph.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: NonNegative = 1.0) -> None:
        super().__init__()
        # By name, since importing mmdet's models takes seconds that a semantic model need not wait.
        self.focal = MODELS.build(dict(type='mmdet.GaussianFocalLoss', loss_weight=loss_weight))

    def forward(self, seed_logits: Tensor, heatmap: Tensor, instance_map: Tensor) -> Tensor:
        """Compare a seed map with its target.

        Args:
            seed_logits: float (B, 1, H, W).
            heatmap: float (B, H, W) in [0, 1], exactly 1 on the seeds, see `seed_heatmap`.
            instance_map: int64 (B, H, W), -1 = ignore.

        Returns:
            Scalar.
        """
        counted = instance_map >= 0
        seeds = (heatmap.eq(1) & counted).sum().clamp(min=1)
        found = at_least_float32(seed_logits).sigmoid().squeeze(1)
        return self.focal(found, heatmap, weight=counted.to(found.dtype), avg_factor=seeds)
