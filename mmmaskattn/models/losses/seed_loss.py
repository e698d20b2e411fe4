"""The loss of the seed map, from which instances are started."""

from __future__ import annotations

from torch import Tensor, nn

from mmmaskattn.models.losses.precision import at_least_float32
from mmmaskattn.registry import MODELS


@MODELS.register_module()
class SeedLoss(nn.Module):
    """Penalty-reduced focal loss (mmdet's `GaussianFocalLoss`) on seed logits; not of the paper.

    Seeds count as positives, all other pixels as negatives, the less the closer they are to a seed. The sum over all
    pixels but the ignored is divided by the number of seeds in the batch, at least 1. Without a pixel that counts, the
    loss is 0 and still part of the graph.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
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
