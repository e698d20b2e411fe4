"""The peer of the contrastive head on the same backbone and neck: pixels vote for the centre of their instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import bias_init_with_prob
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_head import ClassMaps, SegmentHead, SegmentOutputs
from mmmaskattn.models.dense_heads.segment_truth import SegmentTruth
from mmmaskattn.models.grouping import (
    GroupingOptions,
    Groups,
    class_probabilities,
    count_peaks,
    group_by_offsets,
    group_means,
    instance_scores,
)
from mmmaskattn.models.grouping.cells import cell_side
from mmmaskattn.models.losses import seed_heatmap
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero, ModuleConfig, NonNegative

SEED_LOSS = dict(type='mmmaskattn.SeedLoss')


def mass_centres(instance_map: Tensor, count: int) -> Tensor:
    """Centre of mass of each instance.

    Args:
        instance_map: int64 (B, H, W), k >= 1 = instance k.
        count: Number G of instances asked for.

    Returns:
        float (B, G, 2): x and y in pixels; of an instance without pixels, 0.
    """
    batch, height, width = instance_map.shape
    ids = instance_map.flatten(1).clamp(min=0)
    places = torch.arange(height * width, device=ids.device)
    moments = torch.stack([torch.ones_like(places), places % width, places // width]).float()
    sums = moments.new_zeros(batch, 3, count + 1)
    sums.scatter_add_(2, ids[:, None].expand(-1, 3, -1), moments.expand(batch, -1, -1))
    return (sums[:, 1:, 1:] / sums[:, :1, 1:].clamp(min=1)).transpose(1, 2)


def true_offsets(instance_map: Tensor, centres: Tensor) -> Tensor:
    """Way from each pixel to the centre of its instance.

    Args:
        instance_map: int64 (B, H, W), k >= 1 = instance k.
        centres: (B, G, 2) x and y.

    Returns:
        float (B, 2, H, W): dx and dy in pixels; 0 where there is no instance.
    """
    _, height, width = instance_map.shape
    slot = instance_map.flatten(1).sub(1).clamp(min=0)
    centre = centres.gather(1, slot[..., None].expand(-1, -1, 2)).transpose(1, 2).unflatten(2, (height, width))
    rows = torch.arange(height, device=centres.device)[:, None].expand(height, width)
    columns = torch.arange(width, device=centres.device).expand(height, width)
    way = centre - torch.stack([columns, rows])
    return way * (instance_map > 0)[:, None]


@MODELS.register_module()
class OffsetVotingHead(SegmentHead):
    """Class logits, centres and offsets to them, as in Panoptic-DeepLab (Cheng et al., CVPR 2020).

    ::

        feature (B, C, h, w) --+-- 1x1 -----------------------> class logits (B, T + S, h, w)
                               +-- [x, y] 3x3, GELU, 1x1 -----> offsets (B, 2, h', w'), dx and dy in pixels
                               +-- [x, y] 3x3, GELU, 1x1 -----> centre logits (B, 1, h', w')

    It shares branches, resolution, score and fusion with `ContrastiveInstanceHead`, so that a comparison of the two
    compares embeddings with offsets. Unlike the original the centre heatmap is trained by a focal loss with a
    Gaussian as wide as the instance, as the seeds of ours are, and not by a squared error with a fixed one of 8 pixels,
    which at 128x128 is larger than most instances; and there is no convolutional decoder of its own.

    Args:
        num_things: Number T of thing classes.
        num_stuff: Number S of stuff classes; 1 for the instance task.
        in_channels: Channels of the feature used.
        hidden_channels: Width of the offset branch.
        seed_channels: Width of the centre branch.
        coordinates: Whether each pixel's place is an input of offsets and centres.
        grouping: Fields of `GroupingOptions`.
        offset_weight: Weight of the offset loss, a mean of absolute differences in pixels.
        loss_seed: Loss of the centres.
        **kwargs: See `SegmentHead`.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: CountOrZero,
        in_channels: Count,
        hidden_channels: CountOrZero = 64,
        seed_channels: CountOrZero = 32,
        coordinates: bool = True,
        grouping: dict[str, Any] | None = None,
        offset_weight: NonNegative = 0.1,
        loss_seed: ModuleConfig = SEED_LOSS,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_things, num_stuff, in_channels, **kwargs)
        self.grouping, self.offset_weight = GroupingOptions(**(grouping or {})), offset_weight
        self.offset_branch = self.branch(hidden_channels, 2, coordinates=coordinates)
        self.seed_branch = self.branch(seed_channels, 1, coordinates=coordinates, bias=bias_init_with_prob(0.1))
        self.loss_seed = MODELS.build(loss_seed)

    def forward(self, feats: Sequence[Tensor], size: tuple[int, int]) -> SegmentOutputs:
        """Compute class logits, offsets and centre logits.

        Args:
            feats: Features of the neck or backbone.
            size: (H, W) of the network's input.

        Returns:
            The maps; ``pixels`` are the offsets, dx and dy in pixels.
        """
        feature = self.feature_of(feats, size)
        offsets = self.offset_branch(feature, size).float()
        return SegmentOutputs(self.semantic_branch(feature, size), offsets, self.seed_branch(feature, size))

    def losses(self, feature: Tensor, outputs: SegmentOutputs, truth: SegmentTruth) -> dict[str, Tensor]:
        """Compute ``loss_offset``, over the pixels of instances, and ``loss_seed``.

        Args:
            feature: Not used.
            outputs: What `forward` gave.
            truth: Truth of the batch, its instances on the cells of the offsets.
        """
        side = cell_side(outputs.pixels.shape[2:], truth.semantic.shape[1:])
        most = max(1, *(len(labels) for labels in truth.labels))
        centres = mass_centres(truth.instance_map, most)
        on_thing = (truth.instance_map > 0)[:, None]
        wanted = side * true_offsets(truth.instance_map, centres)
        error = F.l1_loss(outputs.pixels, wanted, reduction='none') * on_thing
        offset = self.offset_weight * error.sum() / on_thing.sum().clamp(min=1)
        points = [centre[: len(labels)] for centre, labels in zip(centres, truth.labels)]
        heat = seed_heatmap(points, truth.seed_radii, truth.instance_map)
        return dict(loss_offset=offset, loss_seed=self.loss_seed(outputs.seeds, heat, truth.instance_map))

    def group(self, feature: Tensor, outputs: SegmentOutputs, classes: ClassMaps) -> tuple[Groups, Tensor]:
        """Give each pixel of a thing to the centre nearest to where its offset points.

        Args:
            feature: Not used.
            outputs: What `forward` gave.
            classes: What its class logits say of things.

        Returns:
            The groups, and scores (B, K, T): the class is the mean of the pixels' class probabilities.
        """
        grid = (outputs.pixels.shape[2], outputs.pixels.shape[3])
        side = cell_side(grid, classes.size)
        p_thing = classes.p_thing(grid)
        centres = outputs.seeds[:, 0].float().sigmoid() * p_thing
        groups = group_by_offsets(outputs.pixels / side, centres, p_thing, self.grouping.on_cells(side))
        self.warn_if_crowded(groups, self.grouping, lambda: count_peaks(centres, self.grouping))
        votes = group_means(classes.things, groups)
        return groups, instance_scores(groups, class_probabilities(None, votes), p_thing)
