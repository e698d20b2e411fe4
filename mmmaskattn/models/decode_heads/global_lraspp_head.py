"""mmseg's LRASPP head for small images."""

from __future__ import annotations

from typing import Any

from mmseg.models.decode_heads import LRASPPHead
from torch import nn

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ChannelsOfMaps, Counts, Indices


@MODELS.register_module()
class GlobalLRASPPHead(LRASPPHead):
    """mmseg's ``LRASPPHead`` with the mean over the whole map in its gate.

    mmseg pools windows of 49x49 pixels of a map of stride 8 and fails on images below 392x392. Parameters are the same.

    Args:
        in_channels: Widths of the maps, finest first.
        in_index: Which maps of the backbone these are.
        branch_channels: Widths that the finer maps are brought to.
        **kwargs: Those of ``LRASPPHead``.
    """

    def __init__(
        self, in_channels: ChannelsOfMaps, in_index: Indices, branch_channels: Counts = (32, 64), **kwargs: Any
    ) -> None:
        super().__init__(
            in_channels=tuple(in_channels), in_index=in_index, branch_channels=tuple(branch_channels), **kwargs
        )
        self.image_pool[0] = nn.AdaptiveAvgPool2d(1)
