"""From groups of pixels and their scores to what is predicted for an image, at the size that it is wanted in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmmaskattn.models.grouping import FusionOptions, Groups, fuse_panoptic, top_instances
from mmmaskattn.models.grouping.cells import enlarge
from mmmaskattn.models.grouping.pixel_maps import pixels_of, strips
from mmmaskattn.models.grouping.scores import Greatest, greatest_at, pixels_last, resize_map, shared_things
from mmmaskattn.utils.option_types import Count
from mmmaskattn.utils.options import checked_options


@checked_options
@dataclass(frozen=True)
class PredictionOptions:
    """Settings of prediction.

    Attributes:
        max_per_image: Instances predicted per image, the best pairs of group and class.
        panoptic: How instances and stuff are fused.
        return_embeddings: Whether predictions carry the map that groups the pixels, to be looked at.
        instance_map: Whether the masks of instances are given as one map, so that memory does not grow with their
            number: 100 masks of a picture of 4000 x 3000 pixels are 1.2 GB.
    """

    max_per_image: Count = 100
    panoptic: FusionOptions = field(default_factory=FusionOptions)
    return_embeddings: bool = False
    instance_map: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PredictionOptions:
        """Read a config's ``test_cfg``.

        Args:
            settings: The attributes, ``panoptic`` as a dict of the fields of `FusionOptions`.

        Raises:
            TypeError: If a setting is unknown.
            ValueError: If one is not what it must be.
        """
        given = settings.get('panoptic', {})
        if not isinstance(given, Mapping):
            raise ValueError(f'test_cfg.panoptic is {given!r}; expected a dict of the fields of FusionOptions')
        return cls(**{**settings, 'panoptic': FusionOptions(**given)})


class SegmentPrediction(NamedTuple):
    """What is predicted for one image of (h, w).

    Attributes:
        instances: ``masks`` bool (n, h, w), exclusive but for one group under several classes; ``bboxes`` float (n, 4);
            ``labels`` int64 (n,); ``scores`` float (n,), falling. With ``instance_map`` there are no ``masks`` but
            ``groups`` int64 (n,), numbers in that map.
        panoptic: ``sem_seg`` int32 (1, h, w): label of stuff, label + 1000 (rank + 1) of things, T + S where nothing
            is said.
        semantic: ``sem_seg`` int64 (1, h, w); with ``instance_map`` int16 where the picture is large.
        embeddings: (D, H, W) at the network's size, on request.
        instance_map: int16 (h, w), the group of each pixel, -1 = none; on request.
    """

    instances: InstanceData
    panoptic: PixelData
    semantic: PixelData
    embeddings: Tensor | None = None
    instance_map: Tensor | None = None


def predict_segments(
    groups: Groups,
    scores: Tensor,
    semantic: Tensor,
    p_thing: Tensor,
    num_things: int,
    sizes: Sequence[tuple[int, int]],
    options: PredictionOptions,
    inner: Sequence[tuple[int, int]] | None = None,
) -> list[SegmentPrediction]:
    """Make the predictions of a batch.

    Masks and class logits are resized before they are made hard: at the image's own size soft masks give smooth
    outlines where a resized label map gives steps.

    Args:
        groups: Groups of pixels or cells, K for each of B images.
        scores: (B, K, T) score of each group as each thing class.
        semantic: (B, T + S, h, w) class logits of the pixels or of cells.
        p_thing: (B, H, W) probability of each pixel to be a thing.
        num_things: T.
        sizes: (h, w) wanted for each image.
        options: Settings.
        inner: (h, w) of each image in the batch; what lies below or right of it is padding. All of it by default.

    Returns:
        One prediction per image.
    """
    found = []
    for number, size in enumerate(sizes):
        height, width = p_thing.shape[1:] if inner is None else inner[number]
        kept = groups.valid[number].nonzero()[:, 0]
        soft = _soft_masks(groups.affinity[number, kept], p_thing[number])[:, :height, :width]
        logits = enlarge(pixels_last(semantic[number : number + 1]), (p_thing.shape[1], p_thing.shape[2]))
        classes = greatest_at(logits[0, :, :height, :width], size).owners
        of_image = scores[number, kept]
        best, labels = of_image.max(1)
        greatest = greatest_at(soft, size) if len(soft) else None
        panoptic = fuse_panoptic(soft, labels, best, classes, num_things, semantic.shape[1], options.panoptic, greatest)
        owners = exclusive_owners(soft, size, greatest)
        found.append(
            SegmentPrediction(
                instances=best_instances(owners, of_image, options),
                panoptic=PixelData(sem_seg=panoptic[None]),
                semantic=PixelData(sem_seg=classes[None] if options.instance_map else classes[None].long()),
                instance_map=owners.to(torch.int16) if options.instance_map else None,
            )
        )
    return found


def _soft_masks(affinity: Tensor, p_thing: Tensor) -> Tensor:
    """Soft masks (n, H, W) of one image from affinities (n, h, w) and probabilities (H, W)."""
    return shared_things(affinity[None], p_thing[None])[0] if len(affinity) else p_thing.new_zeros(0, *p_thing.shape)


def exclusive_owners(soft: Tensor, size: tuple[int, int], greatest: Greatest | None = None) -> Tensor:
    """Give each pixel that is more likely in some mask than in none to the likeliest one.

    Args:
        soft: (n, H, W) probabilities whose sum over n is at most 1.
        size: (h, w) to which they are resized, a few at a time.
        greatest: `greatest_at` of them at that size, where known.

    Returns:
        int (h, w), as `greatest_at` has it: the mask; -1 = none.
    """
    if not len(soft):
        return torch.full(tuple(size), -1, device=soft.device)
    inside = resize_map(soft.sum(0, keepdim=True), size)[0] > 0.5
    return (greatest or greatest_at(soft, size)).owners.masked_fill(~inside, -1)


def boxes_of(masks: Tensor) -> Tensor:
    """Boxes that just hold masks, as mmdet's `mask2bbox` gives them.

    All at once: mmdet's goes mask by mask, which takes three times as long for 100 masks on a CPU, and on a GPU waits
    for it several times for each mask.

    Args:
        masks: bool (n, h, w), each with a pixel set.

    Returns:
        float (n, 4): x1, y1, x2, y2 in pixels; x2 - x1 is the width.
    """
    if not len(masks):
        return masks.new_zeros(0, 4, dtype=torch.float32)
    bits = masks.view(torch.uint8)  # a CPU has no quick way for bool
    return _boxes(bits.amax(1), bits.amax(2))


def _boxes(columns: Tensor, rows: Tensor) -> Tensor:
    """Boxes (n, 4) from the columns (n, w) and rows (n, h), uint8, in which there is a pixel."""
    x1, y1 = columns.argmax(1), rows.argmax(1)
    x2, y2 = columns.shape[1] - columns.flip(1).argmax(1), rows.shape[1] - rows.flip(1).argmax(1)
    return torch.stack([x1, y1, x2, y2], 1).float()


def boxes_of_groups(owners: Tensor, groups: Tensor) -> Tensor:
    """Boxes that just hold the groups of a map, without a mask for each.

    Args:
        owners: int (h, w), the group of each pixel; -1 = none.
        groups: int64 (n,), those wanted, each with a pixel.

    Returns:
        float (n, 4), as `boxes_of` gives them.
    """
    if not len(groups):
        return groups.new_zeros(0, 4, dtype=torch.float32)
    count = int(owners.max()) + 2
    rows, columns = (torch.zeros(count, side, dtype=torch.uint8, device=owners.device) for side in owners.shape)
    parts = strips(owners)
    for part, side in zip(parts, rows.split(parts[0].shape[0], 1)):
        numbers = part.long() + 1
        side.scatter_(0, numbers.T, 1)
        columns.scatter_(0, numbers, 1)
    return _boxes(columns[groups + 1], rows[groups + 1])


def best_instances(owners: Tensor, scores: Tensor, options: PredictionOptions) -> InstanceData:
    """Choose the best pairs of mask and class of one image; masks without a pixel are dropped.

    Args:
        owners: integers (h, w), the mask that owns a pixel; -1 = none.
        scores: float (n, T), of each mask as each class.
        options: Settings.

    Returns:
        The instances, see `SegmentPrediction`.
    """
    present = pixels_of(owners + 1, len(scores) + 1)[1:].nonzero()[:, 0]
    values, slots, labels = (one[0] for one in top_instances(scores[None, present], options.max_per_image))
    if options.instance_map:
        groups = present[slots]
        return InstanceData(groups=groups, bboxes=boxes_of_groups(owners, groups), labels=labels, scores=values)
    masks = owners == present[:, None, None]
    return InstanceData(masks=masks[slots], bboxes=boxes_of(masks)[slots], labels=labels, scores=values)
