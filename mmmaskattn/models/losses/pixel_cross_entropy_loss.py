"""The loss of the semantic logits (Eq. 3), mmseg's with class weights that bear ignored pixels; coarser labels."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.losses import CrossEntropyLoss
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.registry import MODELS


def shrink_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Take the label at the centre of each cell of a coarser map.

    Args:
        labels: int64 (B, H, W).
        size: (h, w).

    Returns:
        int64 (B, h, w).
    """
    return F.interpolate(labels[:, None].float(), size, mode='nearest-exact')[:, 0].long()


@MODELS.register_module()
class PixelCrossEntropyLoss(CrossEntropyLoss):
    """mmseg's `CrossEntropyLoss`; with ``class_weight`` it knows what a pixel of the ignore index weighs.

    mmseg divides the sum of the losses by the sum of the weights of all labels, and fails on a label that has none,
    such as 255. Here an ignored pixel weighs 1 in that sum, and 0 with ``avg_non_ignore``: so weights of 1 give what no
    weights give. All else, and all options, are mmseg's.
    """

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
        ignore_index: int = -100,
        **kwargs: Any,
    ) -> Tensor:
        """Compute the loss.

        Args:
            cls_score: (B, C, ...) logits.
            label: int64 (B, ...), 0 to C - 1 or ``ignore_index``.
            weight: Weight of each pixel.
            avg_factor: What the sum is divided by; found by default.
            reduction_override: Another reduction than that of the options.
            ignore_index: The label that has no loss.
            **kwargs: See mmseg.

        Returns:
            Scalar, or one value per pixel without reduction.

        Raises:
            ValueError: If there are not as many class weights as classes.
        """
        by_softmax = not (self.use_sigmoid or self.use_mask)
        means = (reduction_override or self.reduction) == 'mean'
        if self.class_weight is not None and by_softmax and means and avg_factor is None:
            avg_factor = self._whole_weight(label, cls_score.shape[1], ignore_index)
        return super().forward(cls_score, label, weight, avg_factor, reduction_override, ignore_index, **kwargs)

    def _whole_weight(self, label: Tensor, classes: int, ignore_index: int) -> Tensor:
        if len(self.class_weight) != classes:
            raise ValueError(
                f'PixelCrossEntropyLoss: class_weight has {len(self.class_weight)} values for {classes} classes. '
                f'Give one for each class, in their order.'
            )
        weights = torch.tensor(self.class_weight, device=label.device, dtype=torch.float32)
        ignored = label == ignore_index
        known = weights[label.masked_fill(ignored, 0)]
        return known.masked_fill(ignored, 0.0 if self.avg_non_ignore else 1.0).sum()
