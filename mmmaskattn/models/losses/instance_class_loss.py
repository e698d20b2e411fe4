"""The classification loss of each instance (section 4.2 of the paper)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.losses.precision import at_least_float32
from mmmaskattn.registry import MODELS

LEAVE_OUT = -100
"""Target of a slot that says nothing about its class."""


@MODELS.register_module()
class InstanceClassLoss(nn.Module):
    """Cross-entropy over thing classes and "no object", averaged over the instances of the batch.

    Section 4.2 adds "standard classification loss terms for each predicted instance (to predict its semantic
    category)" and says no more. The class "no object", for predicted instances that match none, is ours.

    Args:
        loss_weight: Factor of the loss.
        no_object_weight: Weight of the class "no object", the last, against 1 for a thing class; the mean is weighted.

    Raises:
        ValueError: If ``no_object_weight`` is negative.
    """

    def __init__(self, loss_weight: float = 1.0, no_object_weight: float = 1.0) -> None:
        super().__init__()
        if no_object_weight < 0:
            raise ValueError(f'InstanceClassLoss: no_object_weight={no_object_weight!r}: expected at least 0.')
        self.loss_weight = loss_weight
        self.no_object_weight = no_object_weight

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Compare the classes of instances with their targets.

        Args:
            logits: float (B, G, T + 1), "no object" last.
            targets: int64 (B, G), 0 to T; -100 = left out.

        Returns:
            Scalar; 0, and still part of the graph, if all are left out or there is none.
        """
        logits, targets = at_least_float32(logits).flatten(0, 1), targets.flatten()
        weight = logits.new_ones(logits.shape[1])
        weight[-1] = self.no_object_weight
        total = F.cross_entropy(logits, targets, weight, ignore_index=LEAVE_OUT, reduction='sum')
        counted = weight[targets.clamp(min=0)] * (targets != LEAVE_OUT)
        return self.loss_weight * total / counted.sum().clamp(min=torch.finfo(logits.dtype).tiny)

    def extra_repr(self) -> str:
        """Name the options in the printed model."""
        return f'loss_weight={self.loss_weight}, no_object_weight={self.no_object_weight}'
