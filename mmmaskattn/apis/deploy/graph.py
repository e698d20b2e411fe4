"""A whole model as one graph: a picture of any size in, labels and objects at the size that is asked for out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.apis.deploy.picture import Layout, PictureInput
from mmmaskattn.apis.loading import ReadyModel
from mmmaskattn.models.dense_heads import ContrastiveInstanceHead
from mmmaskattn.models.dense_heads.segment_head import ClassMaps, SegmentOutputs
from mmmaskattn.models.detectors import BottomUpPanoptic
from mmmaskattn.models.grouping import FusionOptions, fuse_panoptic
from mmmaskattn.models.grouping.cells import enlarge
from mmmaskattn.models.grouping.fusion import INSTANCE_OFFSET
from mmmaskattn.models.grouping.groups import counted_slots
from mmmaskattn.models.grouping.scores import Greatest
from mmmaskattn.models.grouping.sparse import (
    INSIDE,
    Rows,
    group_sparsely,
    near_things,
    owners_at,
    soft_rows,
    sparse_means,
    sparse_scores,
)

INPUTS = ('pictures', 'output_size')
OUTPUTS = {
    'semantic': ('labels',),
    'instance': ('owners', 'classes', 'scores', 'class_scores'),
    'panoptic': ('labels', 'owners', 'classes', 'scores', 'class_scores'),
}
VOID = 255


def _size_of(output_size: Tensor) -> tuple[int, int]:
    """Height and width as lengths that a recorded graph can have."""
    height, width = output_size.tolist()
    for side in (height, width):
        torch._check(side >= 1)
        torch._check(side <= 2**15)
    return height, width


def _resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (N, C, h, w) brought to a size bilinearly."""
    return F.interpolate(maps, size, mode='bilinear', align_corners=False)


class SemanticGraph(nn.Module):
    """A model of mmseg with its pre- and post-processing.

    Args:
        ready: The model.
        layout: Axes of the pictures.
    """

    def __init__(self, ready: ReadyModel, layout: Layout) -> None:
        super().__init__()
        self.picture = picture_input(ready, layout)
        self.model: Any = ready.module
        self.size = ready.size

    def forward(self, pictures: Tensor, output_size: Tensor) -> Tensor:
        """Label the pixels.

        Args:
            pictures: uint8 RGB, (N, H, W, 3) or (N, 3, H, W).
            output_size: int64 (2,), height and width of the maps.

        Returns:
            int32 (N, height, width).
        """
        logits = _resized(self.logits(self.picture(pictures)).float(), _size_of(output_size))
        if logits.shape[1] == 1:
            return (logits[:, 0].sigmoid() > self.model.decode_head.threshold).int()
        return logits.argmax(1).int()

    def logits(self, images: Tensor) -> Tensor:
        """The network alone: images (N, 3, h, w) as `picture` gives them, logits (N, classes, h, w)."""
        meta = dict.fromkeys(('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape'), self.size)
        return self.model.inference(images, [meta])


class SegmentsGraph(nn.Module):
    """A `BottomUpPanoptic` with its pre- and post-processing, for one picture.

    Args:
        ready: The model.
        layout: Axes of the pictures.

    Raises:
        ValueError: If objects of the panoptic map could not be told from those that are found.
    """

    def __init__(self, ready: ReadyModel, layout: Layout) -> None:
        super().__init__()
        self.picture = picture_input(ready, layout)
        self.model: Any = ready.module
        self.size, self.task = ready.size, ready.task
        head: Any = ready.module.segment_head
        self.fusion: FusionOptions = head.prediction_options.panoptic
        if self.task == 'panoptic' and (self.fusion.mask_threshold < 0.5 or self.fusion.residual != 'void'):
            raise ValueError(
                f'test_cfg.panoptic has mask_threshold={self.fusion.mask_threshold} and residual='
                f"{self.fusion.residual!r}; an exported file needs at least 0.5, and 'void'"
            )

    def forward(self, pictures: Tensor, output_size: Tensor, score: Tensor | None = None) -> tuple[Tensor, ...]:
        """Find the objects of a picture.

        Args:
            pictures: uint8 RGB, (1, H, W, 3) or (1, 3, H, W).
            output_size: int64 (2,), height and width of the maps.
            score: float (), least score of an object of the panoptic map; that of the model by default.

        Returns:
            Those of `OUTPUTS` that the task has: ``labels`` int32 (height, width), ``owners`` int32 (height, width),
            ``classes`` int32 (K,), ``scores`` float (K,), ``class_scores`` float (K, T).
        """
        head, size = self.model.segment_head, _size_of(output_size)
        feats = self.model.extract_feat(self.picture(pictures))
        outputs = head(feats, self.size)
        semantic = outputs.semantic.float()
        if self.task == 'semantic':
            return (self._labels(semantic, size)[None].int(),)
        found, greatest = self._objects(feats, outputs, ClassMaps.of(semantic, head.num_things, self.size), size)
        if self.task == 'instance':
            return found
        return (self._fused(semantic, size, found, greatest, score), *found)

    def logits(self, images: Tensor) -> Tensor:
        """The network alone: images (N, 3, h, w) as `picture` gives them, logits (N, classes, h, w)."""
        outputs = self.model.segment_head(self.model.extract_feat(images), self.size)
        return enlarge(outputs.semantic, self.size)

    def _objects(
        self, feats: Any, outputs: SegmentOutputs, classes: ClassMaps, size: tuple[int, int]
    ) -> tuple[tuple[Tensor, ...], Greatest]:
        """``owners``, ``classes``, ``scores``, ``class_scores``; and the greatest soft mask of each pixel."""
        head = self.model.segment_head
        p_grid, seed_map, options = head.grouping_input(outputs, classes)
        p_thing, grid = classes.p_thing(self.size), (p_grid.shape[1], p_grid.shape[2])
        rows = Rows.where(near_things(p_thing[0], min(INSIDE, options.foreground)))
        grouped = rows if grid == self.size else Rows.where(torch.ones(grid, dtype=torch.bool))
        groups = group_sparsely(outputs.pixels, seed_map, p_grid, grouped, options)
        feature = head.feature_of(feats, self.size).float()
        means = sparse_means(torch.cat([feature, classes.things], 1), groups, grid, p_grid)
        of_feature, others = means.split([feature.shape[1], head.num_things + 2], 1)
        scores = sparse_scores(groups, others, head.classifier(of_feature).float(), head.num_things)
        inside = (_resized(p_thing[None], size)[0, 0] > INSIDE) & groups.valid.any()
        owners, which, values = owners_at(soft_rows(groups, grid, p_thing, rows), rows, p_thing, inside)
        best, labels = scores.max(1)
        return (owners.int(), labels.int(), best, scores), Greatest(which, values, which[:0, 0])

    def _fused(
        self,
        semantic: Tensor,
        size: tuple[int, int],
        found: tuple[Tensor, ...],
        greatest: Greatest,
        score: Tensor | None,
    ) -> Tensor:
        """int32 (h, w), the class of each pixel after fusion."""
        things, number = self.model.segment_head.num_things, semantic.shape[1]
        _, labels, scores, _ = found
        options = self.fusion
        if score is not None:
            scores, options = torch.where(scores >= score, scores, -1.0), replace(options, score_threshold=0.0)
        masks = scores[:, None, None]  # whose number alone counts, as the greatest is known
        pixels = self._labels(semantic, size)
        with counted_slots():
            fused = fuse_panoptic(masks, labels.long(), scores, pixels, things, number, options, greatest)
        fused = fused % INSTANCE_OFFSET
        return fused.masked_fill(fused == number, VOID)

    def _labels(self, semantic: Tensor, size: tuple[int, int]) -> Tensor:
        """int64 (h, w), the class of each pixel."""
        return _resized(enlarge(semantic, self.size), size)[0].argmax(0)


def picture_input(ready: ReadyModel, layout: Layout) -> PictureInput:
    """The first part of a model's graph, by its data preprocessor.

    Raises:
        ValueError: If that does what the graph does not.
    """
    before: Any = ready.module.data_preprocessor
    divisor = getattr(before, 'pad_size_divisor', getattr(before, 'size_divisor', 1)) or 1
    if any(side % divisor for side in ready.size):
        raise ValueError(f'the data preprocessor pads {ready.size} to multiples of {divisor}, which no file can do')
    if not getattr(before, '_enable_normalize', True):
        mean, std = torch.zeros(3), torch.ones(3)
    else:
        mean, std = before.mean.cpu(), before.std.cpu()
    # Our pictures are BGR elsewhere, so a preprocessor that turns channels round makes RGB of them; mmseg's name first.
    turns = before.channel_conversion if hasattr(before, 'channel_conversion') else before._channel_conversion
    return PictureInput(ready.size, mean, std, not turns, layout)


def graph_of(ready: ReadyModel, layout: Layout = 'nhwc') -> nn.Module:
    """Make the graph of a model.

    Args:
        ready: The model, on the CPU.
        layout: Axes of the pictures.

    Raises:
        ValueError: If there is none for such a model.
    """
    if isinstance(ready.module, BaseSegmentor):
        return SemanticGraph(ready, layout).eval()
    if not isinstance(ready.module, BottomUpPanoptic):
        kind = type(ready.module).__name__
        raise ValueError(f'a {kind} is not exported; expected a model of mmseg, or BottomUpPanoptic')
    if not isinstance(ready.module.segment_head, ContrastiveInstanceHead):
        kind = type(ready.module.segment_head).__name__
        raise ValueError(f'a model with {kind} is not exported; expected one with ContrastiveInstanceHead')
    return SegmentsGraph(ready, layout).eval()
