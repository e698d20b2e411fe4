"""The class loss of instances and its targets."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from mmmaskattn.models.precision import at_least_float32
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import NonNegative

LEAVE_OUT = -100
"""Target of a slot that says nothing about its class."""

MATCH_IOU = 0.5
NO_OBJECT_IOU = 0.3


@MODELS.register_module()
class InstanceClassLoss(nn.Module):
    """Cross-entropy over thing classes and "no object", averaged over the instances of the batch.

    Section 4.2 adds "standard classification loss terms for each predicted instance (to predict its semantic
    category)" and says no more. The class "no object", for predicted instances that match none, is ours.

    Args:
        loss_weight: Factor of the loss.
        no_object_weight: Weight of the class "no object", the last, against 1 for a thing class; the mean is weighted.

    Raises:
        ValueError: If a weight is negative or not finite.
    """

    def __init__(self, loss_weight: NonNegative = 1.0, no_object_weight: NonNegative = 1.0) -> None:
        super().__init__()
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


def instance_class_targets(
    pred_assignment: Tensor, num_slots: int, instance_map: Tensor, instance_labels: Sequence[Tensor], num_things: int
) -> Tensor:
    """Match predicted instances with true ones by the IoU of their pixels.

    An IoU of 0.5 or more with a true instance gives that instance's class (at most one can reach more than 0.5), a
    best IoU below 0.3 gives "no object", and what lies between is left out. Left out too are slots without a pixel and
    slots that lie by more than half on ignored pixels. Ignored pixels count for no IoU.

    Args:
        pred_assignment: int64 (B, H, W), slot that owns the pixel, -1 = none.
        num_slots: K, slots are 0 to K - 1.
        instance_map: int64 (B, H, W): -1 = ignore, 0 = background, 1 to G = true instance.
        instance_labels: For each of B images int64 (G,), class of instances 1 to G.
        num_things: T, which is also the index of "no object".

    Returns:
        int64 (B, K): class 0 to T - 1, T = no object, -100 = left out.
    """
    labels = _padded_labels(instance_labels)
    shared = _shared_pixels(pred_assignment, num_slots, instance_map, labels.shape[1])
    ignored, area = shared[:, 1:, 0], shared[:, 1:].sum(dim=2)
    true_area = shared[:, None, :, 2:].sum(dim=2)
    both = shared[:, 1:, 2:]
    union = (area - ignored)[:, :, None] + true_area - both
    best, match = (both / union.clamp(min=1)).max(dim=2)
    targets = torch.where(best >= MATCH_IOU, labels.gather(1, match), LEAVE_OUT)
    targets = torch.where(best < NO_OBJECT_IOU, num_things, targets)
    return torch.where((area == 0) | (2 * ignored > area), LEAVE_OUT, targets)


def _padded_labels(instance_labels: Sequence[Tensor]) -> Tensor:
    """int64 (B, G) for the largest G, at least 1, so that a maximum over instances is defined."""
    padded = pad_sequence(list(instance_labels), batch_first=True)
    return padded if padded.shape[1] else padded.new_zeros(len(padded), 1)


def _shared_pixels(pred_assignment: Tensor, num_slots: int, instance_map: Tensor, instances: int) -> Tensor:
    """Count the pixels of each (slot, id): int64 (B, K + 1, G + 2), row k + 1 = slot k, column i + 1 = id i."""
    shape = (len(instance_map), num_slots + 1, instances + 2)
    image = torch.arange(shape[0], device=instance_map.device)[:, None, None]
    codes = (image * shape[1] + pred_assignment + 1) * shape[2] + instance_map + 1
    return torch.bincount(codes.flatten(), minlength=shape[0] * shape[1] * shape[2]).view(shape)
