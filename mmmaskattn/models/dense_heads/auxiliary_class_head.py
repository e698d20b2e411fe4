"""The classes learned on a coarser map too, in training only."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmmaskattn.models.dense_heads.segment_head import SEMANTIC_LOSS
from mmmaskattn.models.dense_heads.segment_truth import stack_truth
from mmmaskattn.models.losses.pixel_cross_entropy_loss import shrink_labels
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero, Index, InitConfig, ModuleConfig


@MODELS.register_module()
class AuxiliaryClassHead(BaseModule):
    """Teach one of the coarser maps the classes by a 1x1 convolution, as mmseg's auxiliary heads do.

    For ``auxiliary_head`` of `BottomUpPanoptic`; predictions leave it out. The paper has none.

    Args:
        num_things: Number of thing classes.
        num_stuff: Number of stuff classes.
        in_channels: Channels of the map.
        in_index: Which of the neck's maps.
        loss_semantic: Loss of the class logits, with its weight.
        init_cfg: Initialisation, as mmengine takes it.

    Raises:
        TypeError: If there is no such option.
        ValueError: If an option is not what it must be.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: CountOrZero,
        in_channels: Count,
        in_index: Index,
        loss_semantic: ModuleConfig = SEMANTIC_LOSS,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_index = in_index
        self.classes = nn.Conv2d(in_channels, num_things + num_stuff, 1)
        self.loss_semantic = MODELS.build(loss_semantic)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Compute class logits.

        Args:
            feats: Maps of the neck.

        Returns:
            (B, T + S, h, w), the size of the map.
        """
        return self.classes(feats[self.in_index])

    def loss(self, feats: Sequence[Tensor], samples: Sequence[DetDataSample], size: tuple[int, int]) -> dict:
        """Compute the loss, against labels shrunk to the map's size.

        Args:
            feats: Maps of the neck.
            samples: Samples with their truth.
            size: (H, W) of the network's input.

        Returns:
            ``loss_semantic``.
        """
        logits = self(feats).float()
        labels = stack_truth(samples, size, logits.device).semantic
        height, width = logits.shape[2:]
        return dict(loss_semantic=self.loss_semantic(logits, shrink_labels(labels, (height, width))))
