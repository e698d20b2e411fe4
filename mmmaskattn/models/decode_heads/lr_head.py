"""LRHead, the semantic decode head of LRFormer (arXiv 2310.05026)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmmaskattn.models.layers.low_resolution_attention import PooledGrids
from mmmaskattn.models.layers.lrformer_blocks import LowResolutionBlock
from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, Counts, Indices, ModuleConfig, Positive


@MODELS.register_module()
class LRHead(BaseDecodeHead):
    """Two low-resolution attention blocks over the joined levels of a pyramid::

        all levels, resized to the finest - concat - 1x1 - block - concat deepest level - 1x1 - block - classify

    The logits have the resolution of the finest level named in ``in_index``: stride 8 as published, stride 4 with
    ``in_index=[0, 1, 2, 3]``, which a small image needs.

    Deviations from the published code: query grids are not finer than the map, unless ``clamp_queries`` is off; the
    batch norm is ``mmmaskattn.CrossProcessBN``, which is synchronous batch norm on any device.

    Args:
        in_channels: channels of the levels named in ``in_index``, fine to coarse.
        channels: width of the head.
        in_index: levels used, fine to coarse.
        num_heads: heads of each attention. Must divide ``channels``.
        ffn_ratio: hidden width of the feed-forward networks over ``channels``.
        q_size: short side of the query grid; 16 suits images of 128 pixels.
        key_sizes: short sides of the key grids; in proportion to ``q_size`` when None.
        clamp_queries: the query grid is not finer than the map; see :class:`PooledGrids`.
        clamp_keys: no key grid is finer than the map.
        layer_scale_init: initial layer scale of the blocks; the published 1e-6 starts them nearly as identities. None
            builds none.
        norm_cfg: norm layer, as mmcv takes it; ``mmmaskattn.LayerNorm2d`` or ``GN`` for very small batches.
        **kwargs: as for mmseg's ``BaseDecodeHead``: ``num_classes``, ``dropout_ratio``, ``loss_decode``, ...

    Raises:
        ValueError: an option that is not what it must be, heads that do not divide ``channels``.
    """

    def __init__(
        self,
        in_channels: Counts,
        channels: Count,
        *,
        in_index: Indices = (1, 2, 3),
        num_heads: Count = 8,
        ffn_ratio: Positive = 4.0,
        q_size: Count = 32,
        key_sizes: Counts | None = None,
        clamp_queries: bool = True,
        clamp_keys: bool = False,
        layer_scale_init: Positive | None = 1e-6,
        norm_cfg: ModuleConfig = NORM,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            in_channels, channels, in_index=in_index, input_transform='multiple_select', norm_cfg=norm_cfg, **kwargs
        )
        self.grids = PooledGrids(channels, q_size, key_sizes, False, clamp_queries, clamp_keys)
        self.joins, self.blocks = torch.nn.ModuleList(), torch.nn.ModuleList()
        for width in (sum(in_channels), channels + in_channels[-1]):
            self.joins.append(ConvModule(width, channels, 1, norm_cfg=norm_cfg, act_cfg=self.act_cfg))
            self.blocks.append(
                LowResolutionBlock(channels, num_heads, ffn_ratio, norm_cfg, layer_scale_init=layer_scale_init)
            )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify each position.

        Args:
            inputs: the pyramid, shallow to deep, each float (B, C_i, H_i, W_i); those of ``in_index`` are used.

        Returns:
            Logits, float (B, num_classes, H, W) at the size of the finest level used.
        """
        levels = self._transform_inputs(inputs)
        size = levels[0].shape[2:]
        levels = [
            F.interpolate(level, size=size, mode='bilinear', align_corners=self.align_corners) for level in levels
        ]
        x = self.blocks[0](self.joins[0](torch.cat(levels, dim=1)), self.grids)
        x = self.blocks[1](self.joins[1](torch.cat([x, levels[-1]], dim=1)), self.grids)
        return self.cls_seg(x)
