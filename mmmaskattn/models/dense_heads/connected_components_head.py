"""The floor that any instance head must beat: connected parts of the semantic map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmmaskattn.models.dense_heads.segment_head import ClassMaps, SegmentHead, SegmentOutputs
from mmmaskattn.models.dense_heads.segment_truth import SegmentTruth
from mmmaskattn.models.grouping import (
    GroupingOptions,
    Groups,
    class_probabilities,
    group_by_components,
    group_means,
    instance_scores,
)
from mmmaskattn.models.grouping.cells import enlarge
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero


@MODELS.register_module()
class ConnectedComponentsHead(SegmentHead):
    """Class logits alone; instances are the connected parts of each thing class. Touching objects become one.

    Args:
        num_things: Number T of thing classes.
        num_stuff: Number S of stuff classes; 1 for the instance task.
        in_channels: Channels of the feature used.
        grouping: Fields of `GroupingOptions`; ``max_instances`` and ``min_area`` count here.
        **kwargs: See `SegmentHead`.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: CountOrZero,
        in_channels: Count,
        grouping: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_things, num_stuff, in_channels, **kwargs)
        self.grouping = GroupingOptions(**(grouping or {}))

    def forward(self, feats: Sequence[Tensor], size: tuple[int, int]) -> SegmentOutputs:
        """Compute class logits.

        Args:
            feats: Features of the neck or backbone.
            size: (H, W) of the network's input.

        Returns:
            The maps; only ``semantic`` has channels.
        """
        semantic = self.semantic_branch(self.feature_of(feats, size), size)
        return SegmentOutputs(semantic, semantic[:, :0], semantic[:, :0])

    def losses(self, feature: Tensor, outputs: SegmentOutputs, truth: SegmentTruth) -> dict[str, Tensor]:
        """There is no loss but the semantic one."""
        return {}

    def group(self, feature: Tensor, outputs: SegmentOutputs, classes: ClassMaps) -> tuple[Groups, Tensor]:
        """Find the connected parts; their score is the mean probability of their class.

        Args:
            feature: Not used.
            outputs: What `forward` gave.
            classes: What its class logits say of things.

        Returns:
            The groups, and scores (B, K, T).
        """
        probabilities = enlarge(outputs.semantic.float(), classes.size).softmax(1)
        groups = group_by_components(probabilities, self.num_things, self.grouping)
        found = class_probabilities(None, group_means(probabilities[:, : self.num_things], groups))
        return groups, instance_scores(groups, found, classes.p_thing(classes.size))
