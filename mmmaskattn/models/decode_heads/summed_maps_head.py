"""TopFormer's head: the sum of the maps, a weight for each channel, the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ChannelsOfMaps, Count, Indices


@MODELS.register_module()
class SummedMapsHead(BaseDecodeHead):
    """Enlarge all maps to the size of the first and add them; a weight, norm and ReLU for each channel; the classes.

    Args:
        in_channels: Widths of the maps, each ``channels``.
        channels: Width of the sum.
        in_index: The maps, finest first; all by default.
        **kwargs: Those of mmseg's ``BaseDecodeHead``.

    Raises:
        ValueError: If the widths differ.
    """

    def __init__(
        self, in_channels: ChannelsOfMaps, channels: Count, in_index: Indices | None = None, **kwargs: Any
    ) -> None:
        if set(in_channels) != {channels}:
            raise ValueError(
                f'in_channels is {list(in_channels)}: expected each to be channels, {channels}; set them so'
            )
        in_index = list(range(len(in_channels)) if in_index is None else in_index)
        super().__init__(list(in_channels), channels, in_index=in_index, input_transform='multiple_select', **kwargs)
        self.weigh = ConvModule(
            self.channels, self.channels, 1, groups=self.channels, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute the logits.

        Args:
            inputs: The backbone's maps, each (B, channels, h, w).

        Returns:
            (B, classes, H, W), the size of the first map.
        """
        first, *others = self._transform_inputs(inputs)
        size = first.shape[2:]
        for one in others:
            first = first + F.interpolate(one, size, mode='bilinear', align_corners=self.align_corners)
        return self.cls_seg(self.weigh(first))
