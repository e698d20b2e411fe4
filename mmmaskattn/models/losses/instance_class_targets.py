"""Which class a predicted instance is to be given in training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmmaskattn.models.losses.instance_class_loss import LEAVE_OUT

MATCH_IOU = 0.5
NO_OBJECT_IOU = 0.3


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
