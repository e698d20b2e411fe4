"""From groups of pixels and their scores to what is predicted for an image, at the size that it is wanted in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import torch
from mmengine.structures import InstanceData, PixelData
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.models.grouping import FusionOptions, Groups, fuse_panoptic, soft_masks, top_instances


@dataclass(frozen=True)
class PredictionOptions:
    """Settings of prediction.

    Attributes:
        max_per_image: Instances predicted per image, the best pairs of group and class.
        panoptic: How instances and stuff are fused.
    """

    max_per_image: int = 100
    panoptic: FusionOptions = field(default_factory=FusionOptions)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PredictionOptions:
        """Read a config's ``test_cfg``.

        Args:
            settings: ``max_per_image``, and ``panoptic``: fields of `FusionOptions`.

        Raises:
            ValueError: If a setting is unknown.
        """
        known = [one.name for one in fields(cls)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise ValueError(f'test_cfg has {unknown}; expected some of {known} or return_embeddings')
        panoptic = FusionOptions(**settings.get('panoptic', {}))
        return cls(**{**settings, 'panoptic': panoptic})


class SegmentPrediction(NamedTuple):
    """What is predicted for one image of (h, w).

    Attributes:
        instances: ``masks`` bool (n, h, w), exclusive but for one group under several classes; ``bboxes`` float (n, 4);
            ``labels`` int64 (n,); ``scores`` float (n,), falling.
        panoptic: ``sem_seg`` int32 (1, h, w): label of stuff, label + 1000 (rank + 1) of things, T + S where nothing
            is said.
        semantic: ``sem_seg`` int64 (1, h, w).
        embeddings: (D, H, W) at the network's size, on request.
    """

    instances: InstanceData
    panoptic: PixelData
    semantic: PixelData
    embeddings: Tensor | None = None


def predict_segments(
    groups: Groups,
    scores: Tensor,
    probabilities: Tensor,
    num_things: int,
    sizes: Sequence[tuple[int, int]],
    options: PredictionOptions,
) -> list[SegmentPrediction]:
    """Make the predictions of a batch.

    Masks and class probabilities are resized before they are made hard: at the image's own size soft masks give
    smooth outlines where a resized label map gives steps.

    Args:
        groups: Groups of pixels, K for each of B images.
        scores: (B, K, T) score of each group as each thing class.
        probabilities: (B, T + S, H, W) class probabilities of the pixels.
        num_things: T.
        sizes: (h, w) wanted for each image.
        options: Settings.

    Returns:
        One prediction per image.
    """
    soft = soft_masks(groups, probabilities[:, :num_things].sum(1))
    found = []
    for number, size in enumerate(sizes):
        kept = groups.valid[number].nonzero()[:, 0]
        masks = resize_map(soft[number, kept], size)
        classes = resize_map(probabilities[number], size)
        of_image = scores[number, kept]
        best, labels = of_image.max(1)
        panoptic = fuse_panoptic(masks, labels, best, classes, num_things, options.panoptic)
        found.append(
            SegmentPrediction(
                instances=_instances(masks, of_image, options.max_per_image),
                panoptic=PixelData(sem_seg=panoptic[None]),
                semantic=PixelData(sem_seg=classes.argmax(0, keepdim=True)),
            )
        )
    return found


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
    if not len(maps):
        return maps.new_zeros(0, *size)
    return F.interpolate(maps[None], tuple(size), mode='bilinear', align_corners=False)[0]


def exclusive_masks(soft: Tensor) -> Tensor:
    """Give each pixel that is more likely in some mask than in none to the likeliest one.

    Args:
        soft: (n, h, w) probabilities whose sum over n is at most 1.

    Returns:
        bool (n, h, w).
    """
    if not len(soft):
        return soft.bool()
    owner = soft.argmax(0).masked_fill(soft.sum(0) <= 0.5, -1)
    return owner == torch.arange(len(soft), device=soft.device)[:, None, None]


def boxes_of(masks: Tensor) -> Tensor:
    """Boxes that just hold masks.

    Args:
        masks: bool (n, h, w), each with a pixel set.

    Returns:
        float (n, 4): x1, y1, x2, y2 in pixels; x2 - x1 is the width.
    """
    columns, rows = masks.any(1).int(), masks.any(2).int()
    if not len(masks):
        return masks.new_zeros(0, 4, dtype=torch.float32)
    x1, y1 = columns.argmax(1), rows.argmax(1)
    x2, y2 = columns.shape[1] - columns.flip(1).argmax(1), rows.shape[1] - rows.flip(1).argmax(1)
    return torch.stack([x1, y1, x2, y2], 1).float()


def _instances(soft: Tensor, scores: Tensor, count: int) -> InstanceData:
    """The best pairs of mask and class of one image; masks without a pixel are dropped."""
    masks = exclusive_masks(soft)
    present = masks.flatten(1).any(1)
    masks, scores = masks[present], scores[present]
    values, slots, labels = (one[0] for one in top_instances(scores[None], count))
    chosen = masks[slots]
    return InstanceData(masks=chosen, bboxes=boxes_of(chosen), labels=labels, scores=values)
