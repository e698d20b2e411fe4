"""The block of LRFormer, for its backbone and its head."""

from __future__ import annotations

from typing import Any

from mmcv.cnn import build_norm_layer
from mmcv.cnn.bricks import DropPath
from mmcv.cnn.bricks.scale import LayerScale
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention
from mmmaskattn.models.layers.pooled_grids import PooledGrids


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
        hidden = self.activation(self.expand(x))
        return self.reduce(hidden + self.depthwise(hidden))


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
        self.attention_scale = _scale(channels, layer_scale_init)
        self.ffn_norm = build_norm_layer(norm_cfg, channels)[1]
        self.ffn = InvertedResidualFFN(channels, ffn_ratio)
        self.ffn_scale = _scale(channels, layer_scale_init)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, grids: PooledGrids) -> Tensor:
        """Refine a map.

        Args:
            x: float (B, C, H, W).
            grids: makes the queries and keys of the attention.

        Returns:
            float (B, C, H, W).
        """
        if self.with_cp and x.requires_grad:
            return checkpoint(self._refine, x, grids, use_reentrant=False)
        return self._refine(x, grids)

    def _refine(self, x: Tensor, grids: PooledGrids) -> Tensor:
        x = self.entry_norm(x)
        x = x + self.position(x)
        x = x + self.drop_path(self.attention_scale(self.attention(self.attention_norm(x), grids)))
        return x + self.drop_path(self.ffn_scale(self.ffn(self.ffn_norm(x))))


def _scale(channels: int, init: float | None) -> nn.Module:
    return nn.Identity() if init is None else LayerScale(channels, data_format='channels_first', scale=init)
