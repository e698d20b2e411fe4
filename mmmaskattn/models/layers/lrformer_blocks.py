"""The block, the stem and the stages of LRFormer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from mmcv.cnn import build_norm_layer
from mmcv.cnn.bricks import DropPath
from mmcv.cnn.bricks.scale import LayerScale
from torch import Tensor, nn

from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention, PooledGrids
from mmmaskattn.models.layers.norms import LayerNorm2d
from mmmaskattn.models.layers.recompute import run_part
from mmmaskattn.models.precision import saturated

LAYER_NORM = {'type': 'mmmaskattn.LayerNorm2d', 'eps': 1e-6}


class InvertedResidualFFN(nn.Module):
    """Feed-forward network of LRFormer: widen by 1x1, GELU, add a depth-wise 3x3 convolution, narrow by 1x1.

    Args:
        channels: channels of the map, before and after.
        ratio: hidden width over ``channels``.
    """

    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__()
        hidden = max(1, round(channels * ratio))
        self.expand = nn.Conv2d(channels, hidden, 1)
        self.activation = nn.GELU()
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.reduce = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform a map: float (B, C, H, W) -> the same shape."""
        hidden = self.activation(saturated(self.expand(x)))
        return saturated(self.reduce(saturated(hidden + self.depthwise(hidden))))


class LowResolutionBlock(nn.Module):
    """Position encoding, low-resolution attention and feed-forward network, each with a residual::

        x <- x + DW3x3(x)
        x <- x + DropPath(g1 * attention(norm(x)))
        x <- x + DropPath(g2 * FFN(norm(x)))

    Args:
        channels: C of the map.
        num_heads: heads of the attention.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        norm_cfg: norm layer before attention and feed-forward network, as mmcv takes it.
        drop_path: rate at which a whole residual branch of an image is dropped in training.
        layer_scale_init: initial g1 and g2, one for each channel; None leaves them out.
        entry_norm_cfg: norm layer before everything else; None for none.
        with_cp: recompute the block in the backward pass instead of keeping its activations.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        ffn_ratio: float,
        norm_cfg: dict[str, Any],
        drop_path: float = 0.0,
        layer_scale_init: float | None = None,
        entry_norm_cfg: dict[str, Any] | None = None,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.entry_norm = nn.Identity() if entry_norm_cfg is None else build_norm_layer(entry_norm_cfg, channels)[1]
        self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.attention_norm = build_norm_layer(norm_cfg, channels)[1]
        self.attention = LowResolutionAttention(channels, num_heads)
        self.attention_scale = _layer_scale(channels, layer_scale_init)
        self.ffn_norm = build_norm_layer(norm_cfg, channels)[1]
        self.ffn = InvertedResidualFFN(channels, ffn_ratio)
        self.ffn_scale = _layer_scale(channels, layer_scale_init)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, grids: PooledGrids) -> Tensor:
        """Refine a map.

        Args:
            x: float (B, C, H, W).
            grids: makes the queries and keys of the attention.

        Returns:
            float (B, C, H, W).
        """
        return run_part(self, self._refine, x, grids)

    def _refine(self, x: Tensor, grids: PooledGrids) -> Tensor:
        x = self.entry_norm(x)
        x = saturated(x + saturated(self.position(x)))
        x = saturated(x + self.drop_path(self.attention_scale(self.attention(self.attention_norm(x), grids))))
        return saturated(x + self.drop_path(self.ffn_scale(self.ffn(self.ffn_norm(x)))))


def _layer_scale(channels: int, init: float | None) -> nn.Module:
    return nn.Identity() if init is None else LayerScale(channels, data_format='channels_first', scale=init)


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
