"""Panoptic fusion: instances are painted over the semantic map, each pixel gets one segment or VOID."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import static_shapes
from mmmaskattn.models.grouping.ordering import ordered_top
from mmmaskattn.models.grouping.ownership import best_if, one_hot, release, settle

INSTANCE_OFFSET = 1000  # as in mmdet
RESIDUALS = ('void', 'class')


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

    score_threshold: float = 0.2
    stuff_area_fraction: float = 0.004
    mask_threshold: float = 0.5
    keep_fraction: float = 0.5
    residual: str = 'void'

    def __post_init__(self) -> None:
        for name in ('score_threshold', 'stuff_area_fraction', 'mask_threshold', 'keep_fraction'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'fusion option {name} is {getattr(self, name)!r}; expected a number from 0 to 1')
        if self.residual not in RESIDUALS:
            raise ValueError(f'fusion option residual is {self.residual!r}; expected one of {", ".join(RESIDUALS)}')


def fuse_panoptic(
    masks: Tensor, labels: Tensor, scores: Tensor, semantic: Tensor, num_things: int, options: FusionOptions
) -> Tensor:
    """Fuse the instances and the semantic map of one image.

    Each pixel goes to the instance of the greatest soft mask above ``mask_threshold``, ties to the greater score, then
    to the earlier instance. Other pixels take their semantic class if it is stuff and its remaining area large enough.

    Args:
        masks: float (N, H, W), soft masks from 0 to 1; N may be 0.
        labels: int64 (N,), 0 to T - 1.
        scores: float (N,), 0 to 1.
        semantic: float (C, H, W), logits or probabilities, things first.
        num_things: T.
        options: how to fuse.

    Returns:
        int32 (H, W): label of stuff; label + (rank + 1) * 1000 of things, rank counting the painted ones by falling
        score from 0; C = VOID.

    Raises:
        ValueError: The shapes do not agree.
    """
    _check(masks, labels, scores, semantic, num_things)
    segments = _rest(semantic, num_things, options)
    if not masks.shape[0]:
        return _without_small(segments, semantic.shape[0], options).int()
    owners, ids = _paint(masks, labels, scores, options)
    painted = owners >= 0
    segments = _without_small(segments.masked_fill(painted, semantic.shape[0]), semantic.shape[0], options)
    return torch.where(painted, ids[owners.clamp(min=0)], segments).int()


def _check(masks: Tensor, labels: Tensor, scores: Tensor, semantic: Tensor, num_things: int) -> None:
    """Refuse shapes that do not agree."""
    number = masks.shape[0]
    if semantic.dim() != 3 or tuple(masks.shape[1:]) != tuple(semantic.shape[1:]):
        raise ValueError(
            f'masks have shape {tuple(masks.shape)} and semantic {tuple(semantic.shape)}; expected (N, H, W) and '
            '(C, H, W): resize one of them'
        )
    if tuple(labels.shape) != (number,) or tuple(scores.shape) != (number,):
        raise ValueError(
            f'{number} masks, labels of shape {tuple(labels.shape)}, scores of shape {tuple(scores.shape)}; expected '
            'one label and one score for each mask'
        )
    if not num_things <= semantic.shape[0] < INSTANCE_OFFSET:
        raise ValueError(
            f'{semantic.shape[0]} classes with {num_things} things; expected at least as many classes as things, and '
            f'less than {INSTANCE_OFFSET}'
        )


def _rest(semantic: Tensor, num_things: int, options: FusionOptions) -> Tensor:
    """int64 (H, W): what a pixel is if no instance takes it, however small."""
    classes = semantic.argmax(0)
    if options.residual == 'class':
        return classes
    return classes.masked_fill(classes < num_things, semantic.shape[0])


def _without_small(segments: Tensor, void: int, options: FusionOptions) -> Tensor:
    """Turn classes of too few pixels into VOID."""
    flat = segments.flatten()
    areas = torch.zeros(void + 1, dtype=torch.long, device=flat.device).scatter_add_(0, flat, torch.ones_like(flat))
    small = areas < options.stuff_area_fraction * flat.shape[0]
    return segments.masked_fill(small[segments], void)


def _paint(masks: Tensor, labels: Tensor, scores: Tensor, options: FusionOptions) -> tuple[Tensor, Tensor]:
    """The painting instance of each pixel, int64 (H, W), -1 = none; and the id of each instance, int64 (N,)."""
    size = masks.shape[1:]
    ordered, order = (one[0] for one in ordered_top(scores[None].float(), scores.shape[0]))
    kept = ordered >= options.score_threshold
    if not static_shapes():
        count = max(1, int(kept.sum()))
        order, kept = order[:count], kept[:count]
    values = masks.flatten(1)[order].float() * kept[:, None]
    above = values > options.mask_threshold
    owners, visible = settle(values[None], best_if(values[None], above.any(0)[None]), kept[None], min_area=1)
    areas = one_hot(owners, values.shape[0]).sum(2)
    painted = visible & (areas >= options.keep_fraction * above.sum(1))
    ranks = painted[0].long().cumsum(0)
    return release(owners, painted)[0].unflatten(0, size), labels[order] + ranks * INSTANCE_OFFSET
