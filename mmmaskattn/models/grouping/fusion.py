"""Panoptic fusion: instances are painted over the semantic map, each pixel gets one segment or VOID."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import ordered_top, static_shapes
from mmmaskattn.models.grouping.prototypes import unassign_invalid
from mmmaskattn.models.grouping.scores import Greatest, greatest_at
from mmmaskattn.utils.option_types import Fraction
from mmmaskattn.utils.options import checked_options

INSTANCE_OFFSET = 1000  # as in mmdet


@checked_options
@dataclass(frozen=True)
class FusionOptions:
    """How instances and stuff become one map.

    Attributes:
        score_threshold: least score of an instance that is painted.
        stuff_area_fraction: least area of a class that is painted without instance, as a fraction of the map, so that
            it means the same at every size.
        mask_threshold: a pixel of an instance must exceed it in the soft mask.
        keep_fraction: least fraction of an instance's pixels above ``mask_threshold`` that other instances leave it.
        residual: pixels of a thing class without an instance become VOID (``'void'``) or keep the bare class
            (``'class'``).
    """

    score_threshold: Fraction = 0.1
    stuff_area_fraction: Fraction = 0.004
    mask_threshold: Fraction = 0.5
    keep_fraction: Fraction = 0.5
    residual: Literal['void', 'class'] = 'void'


def fuse_panoptic(
    masks: Tensor,
    labels: Tensor,
    scores: Tensor,
    classes: Tensor,
    num_things: int,
    num_classes: int,
    options: FusionOptions,
    greatest: Greatest | None = None,
) -> Tensor:
    """Fuse the instances and the semantic map of one image, at the size (h, w) of the latter.

    Each pixel goes to the instance of the greatest soft mask above ``mask_threshold``, ties to the greater score, then
    to the earlier instance. Other pixels take their semantic class if it is stuff and its remaining area large enough.

    Args:
        masks: float (N, H, W), soft masks from 0 to 1, resized bilinearly to (h, w), a few at a time; N may be 0.
        labels: int64 (N,), 0 to T - 1.
        scores: float (N,), 0 to 1.
        classes: int64 (h, w), semantic class of each pixel, things first.
        num_things: T.
        num_classes: C.
        options: how to fuse.
        greatest: `greatest_at` of all masks at (h, w), where known. It is used if no pixel can have two masks above
            ``mask_threshold``, which the caller asserts by it of masks whose sum is at most 1; then instances that
            are not painted stand in no other's way.

    Returns:
        int32 (h, w): label of stuff; label + (rank + 1) * 1000 of things, rank counting the painted ones by falling
        score from 0; C = VOID.

    Raises:
        ValueError: The shapes do not agree.
    """
    _check(masks, labels, scores, classes, num_things, num_classes)
    segments = classes if options.residual == 'class' else classes.masked_fill(classes < num_things, num_classes)
    if not masks.shape[0]:
        return _without_small(segments, num_classes, options).int()
    if greatest is not None and options.mask_threshold >= 0.5:
        owners, ids = _paint_disjoint(greatest, labels, scores, options)
    else:
        owners, ids = _paint(masks, labels, scores, (classes.shape[0], classes.shape[1]), options)
    painted = owners >= 0
    segments = _without_small(segments.masked_fill(painted, num_classes), num_classes, options)
    return torch.where(painted, ids[owners.clamp(min=0)], segments).int()


def _check(masks: Tensor, labels: Tensor, scores: Tensor, classes: Tensor, num_things: int, num_classes: int) -> None:
    """Refuse shapes that do not agree."""
    number = masks.shape[0]
    if masks.dim() != 3 or classes.dim() != 2 or classes.is_floating_point():
        raise ValueError(
            f'masks have shape {tuple(masks.shape)} and classes {tuple(classes.shape)} of {classes.dtype}; expected '
            '(N, H, W), and the number of the class of each pixel (h, w): take argmax(0) of class maps'
        )
    if tuple(labels.shape) != (number,) or tuple(scores.shape) != (number,):
        raise ValueError(
            f'{number} masks, labels of shape {tuple(labels.shape)}, scores of shape {tuple(scores.shape)}; expected '
            'one label and one score for each mask'
        )
    if not num_things <= num_classes < INSTANCE_OFFSET:
        raise ValueError(
            f'{num_classes} classes with {num_things} things; expected at least as many classes as things, and '
            f'less than {INSTANCE_OFFSET}'
        )


def _pixels_of(numbers: Tensor, count: int) -> Tensor:
    """int64 (count,): how many pixels have each number; whole numbers add up to the same in any order."""
    flat = numbers.flatten()
    ones = flat.new_ones(1).expand_as(flat)  # no memory of its own: of a large picture each map counts
    return torch.zeros(count, dtype=torch.long, device=flat.device).scatter_add_(0, flat, ones)


def _without_small(segments: Tensor, void: int, options: FusionOptions) -> Tensor:
    """Turn classes of too few pixels into VOID."""
    small = _pixels_of(segments, void + 1) < options.stuff_area_fraction * segments.numel()
    return segments.masked_fill(small[segments], void)


def _paint(
    masks: Tensor, labels: Tensor, scores: Tensor, size: tuple[int, int], options: FusionOptions
) -> tuple[Tensor, Tensor]:
    """The painting instance of each pixel, int64 (h, w), -1 = none; and the id of each instance, int64 (N,)."""
    falling, order = (one[0] for one in ordered_top(scores[None].float(), scores.shape[0]))
    kept = falling >= options.score_threshold
    if not static_shapes():
        count = max(1, int(kept.sum()))
        order, kept = order[:count], kept[:count]
    found = greatest_at(masks[order].float() * kept[:, None, None], size, options.mask_threshold)
    owners = found.owners.masked_fill(found.values <= options.mask_threshold, -1)
    own = _pixels_of(owners + 1, order.shape[0] + 1)[1:]
    painted = kept & (own > 0) & (own >= options.keep_fraction * found.areas)
    ranks = painted.long().cumsum(0)
    owners = unassign_invalid(owners.flatten()[None], painted[None])[0].unflatten(0, size)
    return owners, labels[order] + ranks * INSTANCE_OFFSET


def _paint_disjoint(
    greatest: Greatest, labels: Tensor, scores: Tensor, options: FusionOptions
) -> tuple[Tensor, Tensor]:
    """What `_paint` gives where at most one mask of a pixel is above the threshold: each keeps all of its own."""
    owners = greatest.owners.masked_fill(greatest.values <= options.mask_threshold, -1)
    own = _pixels_of(owners + 1, scores.shape[0] + 1)[1:]
    painted = (scores >= options.score_threshold) & (own > 0)
    order = ordered_top(scores[None].float(), scores.shape[0])[1][0]
    ranks = torch.zeros_like(labels).scatter_(0, order, painted[order].long().cumsum(0))
    owners = unassign_invalid(owners.flatten()[None], painted[None])[0].unflatten(0, owners.shape)
    return owners, labels + ranks * INSTANCE_OFFSET
