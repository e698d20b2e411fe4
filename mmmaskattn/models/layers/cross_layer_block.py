"""The Cross-Layer Block of one stage (SCASeg-style, a reconstruction).

Verified from the authors' abstract: encoder features are the queries of cross-attention, keys and values come from one
blend of several encoder and decoder stages, and convolution adds local perception. Inferred: pre-norm, the order
(attention, perception, feed-forward network), and that there is a feed-forward network at all.
"""

from __future__ import annotations

import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from mmmaskattn.models.layers.initialise import initialise_linear
from mmmaskattn.models.layers.local_perception import build_perception, depthwise
from mmmaskattn.models.layers.strip_cross_attention import Scale, StripCrossAttention


class ConvFeedForward(nn.Module):
    """Feed-forward network with a view of the neighbours: linear, depth-wise 3x3 convolution, GELU, linear.

    Args:
        channels: channels of the map, before and after.
        ratio: hidden width over ``channels``.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        super().__init__()
        hidden = max(1, round(channels * ratio))
        self.expand = nn.Linear(channels, hidden)
        self.conv = depthwise(hidden)
        self.activation = nn.GELU()
        self.reduce = nn.Linear(hidden, channels)

    def forward(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Transform tokens that lie on a map.

        Args:
            tokens: float (B, H * W, channels).
            map_size: (H, W).

        Returns:
            float (B, H * W, channels).
        """
        hidden = to_tokens(self.conv(to_map(self.expand(tokens), map_size)))
        return self.reduce(self.activation(hidden))


class CrossLayerBlock(nn.Module):
    """Encoder features gather from the memory, perceive their neighbours, and pass a feed-forward network::

        F_i -+- norm - strip cross-attention with M_i -(+)-+- norm - perception -(+)-+- norm - feed-forward -(+)-> D_i
             |__________________________________________|  |_____________________|   |_______________________|

    Args:
        channels: C of the encoder's map F_i, and of the decoded map D_i.
        memory_channels: channels of the memory M_i.
        num_heads: heads of the attention. Must divide ``channels``.
        strip_dim: channels of a query and a key in each head; None is vanilla cross-attention.
        scale: scale of the logits; see :class:`StripCrossAttention`.
        perception: Local Perception Module, ``plain`` or ``gated``; None builds none.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        drop_path_rate: chance of each of the three branches to be left out of a training sample.
        max_queries: if the map has more pixels, the queries are average-pooled by the smallest whole factor that
            brings them to at most this number, and what they gathered is interpolated back; None never pools.

    Raises:
        ValueError: ``max_queries`` below 1, or an option that :class:`StripCrossAttention` or
            :func:`build_perception` refuses.
    """

    def __init__(
        self,
        channels: int,
        memory_channels: int,
        num_heads: int = 4,
        strip_dim: int | None = 1,
        scale: Scale = 'strip',
        perception: str | None = 'gated',
        ffn_ratio: float = 4.0,
        drop_path_rate: float = 0.1,
        max_queries: int | None = None,
    ) -> None:
        super().__init__()
        if max_queries is not None and max_queries < 1:
            raise ValueError(f'max_queries is {max_queries}; expected 1 or more, or None for no limit')
        self.max_queries = max_queries
        self.query_norm = nn.LayerNorm(channels)
        self.memory_norm = nn.LayerNorm(memory_channels)
        self.attention = StripCrossAttention(channels, memory_channels, num_heads, strip_dim, scale)
        self.perception_norm = None if perception is None else nn.LayerNorm(channels)
        self.perception = None if perception is None else build_perception(perception, channels)
        self.ffn_norm = nn.LayerNorm(channels)
        self.ffn = ConvFeedForward(channels, ffn_ratio)
        self.drop_path = DropPath(drop_path_rate)
        self.apply(initialise_linear)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Decode one stage.

        Args:
            x: float (B, channels, H, W), the encoder's map F_i.
            memory: float (B, memory_channels, h, w), the blend M_i on the key grid.

        Returns:
            float (B, channels, H, W), the decoded map D_i.
        """
        map_size = (x.shape[2], x.shape[3])
        tokens = to_tokens(x)
        tokens = tokens + self.drop_path(self._attend(self.query_norm(tokens), map_size, memory))
        if self.perception is not None and self.perception_norm is not None:
            local = self.perception(to_map(self.perception_norm(tokens), map_size))
            tokens = tokens + self.drop_path(to_tokens(local))
        tokens = tokens + self.drop_path(self.ffn(self.ffn_norm(tokens), map_size))
        return to_map(tokens, map_size)

    def _attend(self, tokens: Tensor, map_size: tuple[int, int], memory: Tensor) -> Tensor:
        """Strip cross-attention, with pooled queries if they are too many: (B, N, C) -> (B, N, C)."""
        keys = self.memory_norm(to_tokens(memory))
        grid = query_grid(map_size, self.max_queries)
        if grid == map_size:
            return self.attention(tokens, keys)
        pooled = to_tokens(F.adaptive_avg_pool2d(to_map(tokens, map_size), grid))
        gathered = to_map(self.attention(pooled, keys), grid)
        return to_tokens(F.interpolate(gathered, size=map_size, mode='bilinear', align_corners=False))


def query_grid(map_size: tuple[int, int], max_queries: int | None) -> tuple[int, int]:
    """(H, W) of the queries: the map's own, or divided by the smallest whole factor that keeps to ``max_queries``."""
    grid, factor = map_size, 1
    while max_queries is not None and grid[0] * grid[1] > max_queries:
        factor += 1
        grid = (-(-map_size[0] // factor), -(-map_size[1] // factor))
    return grid


def to_tokens(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, H * W, C)."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
    """(B, H * W, C) -> (B, C, H, W)."""
    return tokens.transpose(1, 2).unflatten(2, map_size)
