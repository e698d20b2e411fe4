"""A stage of the LRFormer backbone: one step down in resolution, then its blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from mmmaskattn.models.layers.layer_norm_2d import LayerNorm2d
from mmmaskattn.models.layers.low_resolution_block import LowResolutionBlock
from mmmaskattn.models.layers.pooled_grids import PooledGrids

LAYER_NORM = {'type': 'mmmaskattn.LayerNorm2d', 'eps': 1e-6}


def make_stem(in_channels: int, channels: int, norm_cfg: dict[str, Any]) -> nn.Sequential:
    """Four 3x3 convolutions to stride 4, then a layer norm.

    Args:
        in_channels: channels of the image.
        channels: width of the first stage.
        norm_cfg: norm layer after the first three convolutions, as mmcv takes it.

    Returns:
        float (B, in_channels, H, W) -> (B, channels, ceil(H / 4), ceil(W / 4)).
    """
    half = channels // 2
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (before, width, stride) in enumerate(
        ((in_channels, half, 2), (half, half, 1), (half, channels, 2)), start=1
    ):
        layers[f'conv{number}'] = nn.Conv2d(before, width, 3, stride, padding=1)
        layers[f'norm{number}'] = build_norm_layer(norm_cfg, width)[1]
        layers[f'act{number}'] = nn.GELU()
    layers['conv4'] = nn.Conv2d(channels, channels, 3, padding=1)
    layers['norm4'] = LayerNorm2d(channels, eps=1e-6)
    return nn.Sequential(layers)


def make_downsampling(in_channels: int, channels: int) -> nn.Sequential:
    """A 3x3 convolution of stride 2, then a layer norm; an odd side is rounded up."""
    conv = nn.Conv2d(in_channels, channels, 3, 2, padding=1)
    return nn.Sequential(OrderedDict(conv=conv, norm=LayerNorm2d(channels, eps=1e-6)))


class LRFormerStage(nn.Module):
    """Embedding, then blocks that share their grids.

    Args:
        embed: the stem or the downsampling.
        channels: width.
        num_heads: heads of each attention.
        ffn_ratio: hidden width of the feed-forward networks over ``channels``.
        grids: makes the queries and keys of all blocks.
        drop_paths: rate of each block; their number is the number of blocks.
        layer_scale_init: initial layer scale, None for none.
        entry_norms: norm layer at the entry of each block, None for none.
        with_cp: recompute the blocks in the backward pass.
    """

    def __init__(
        self,
        embed: nn.Module,
        channels: int,
        num_heads: int,
        ffn_ratio: float,
        grids: PooledGrids,
        drop_paths: Sequence[float],
        layer_scale_init: float | None,
        entry_norms: Sequence[dict[str, Any] | None],
        with_cp: bool,
    ) -> None:
        super().__init__()
        self.embed = embed
        self.grids = grids
        self.blocks = nn.ModuleList(
            LowResolutionBlock(channels, num_heads, ffn_ratio, LAYER_NORM, rate, layer_scale_init, entry_norm, with_cp)
            for rate, entry_norm in zip(drop_paths, entry_norms)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute the stage's map: float (B, C_before, H, W) -> (B, channels, H', W')."""
        x = self.embed(x)
        for block in self.blocks:
            x = block(x, self.grids)
        return x
