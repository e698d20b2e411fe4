"""The strip cross-attention of SCASeg, its local perception module, and the block that joins them.

What the authors' abstract says of each part, and what is inferred here:

- Attention: queries come from an encoder stage, keys and values from one blend of several encoder and decoder stages,
  and the attention "compresses the channels of queries and keys into one dimension, creating strip-like patterns": the
  strip is along the channels, not along rows or columns. Inferred: the projections, the biases, the scale, and that
  the values keep their channels.
- Perception: the Cross-Layer Block "incorporates the local perceptual strengths of convolution". Inferred: both
  layouts. Second-hand descriptions name depth-wise separable convolutions and activations, one of them a sigmoid gate.
- Block. Inferred: pre-norm, the order (attention, perception, feed-forward network), and that there is a feed-forward
  network at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Optional, Union

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from mmmaskattn.models.layers.mask_attention import initialise_linear
from mmmaskattn.models.layers.norms import TokenNorm
from mmmaskattn.models.precision import saturated
from mmmaskattn.utils.option_types import Positive

Scale = Union[Positive, Literal['strip', 'head']]
Perception = Optional[Literal['plain', 'gated']]
SCALES = ('strip', 'head')


class StripCrossAttention(nn.Module):
    """Multi-head cross-attention with narrow queries and keys: softmax(scale * Q K^T) V, projected.

    With ``strip_dim=1`` the logits of a head are the outer product of two vectors, q k^T. One head can therefore only
    rank the keys in one fixed order, ascending or descending by the sign of q: a stage with ``num_heads=1`` is
    degenerate, and four heads or more are advised. ``strip_dim=None`` is vanilla cross-attention.

    Keys and values have no bias: softmax cancels that of the keys, and that of the values adds to the projection's.
    Values wider than keys leave torch's fused kernels aside on most devices; the keys are few, so the scores are small.

    Args:
        channels: C of the queries' tokens, the values and the output.
        memory_channels: channels of the tokens that keys and values come from.
        num_heads: heads. Must divide ``channels``.
        strip_dim: channels of a query and a key in each head, from 1 to ``channels / num_heads``; None is the latter.
        scale: ``'strip'``, strip_dim^-0.5 (1 for a strip); ``'head'``, (channels / num_heads)^-0.5; or a number.

    Raises:
        ValueError: ``num_heads`` does not divide ``channels``; ``strip_dim`` out of range; an unknown ``scale``.
    """

    def __init__(
        self,
        channels: int,
        memory_channels: int,
        num_heads: int = 4,
        strip_dim: int | None = 1,
        scale: Scale = 'strip',
    ) -> None:
        super().__init__()
        if num_heads < 1 or channels % num_heads:
            raise ValueError(
                f'num_heads={num_heads} does not divide the {channels} channels of the queries; '
                'give a divisor, or one number for each stage'
            )
        head_dim = channels // num_heads
        strip = head_dim if strip_dim is None else strip_dim
        if not 1 <= strip <= head_dim:
            raise ValueError(
                f'strip_dim is {strip_dim}; expected 1 to {head_dim} (channels / num_heads = {channels} / {num_heads}) '
                'or None for vanilla cross-attention'
            )
        self.num_heads = num_heads
        self.scale = _logit_scale(scale, strip, head_dim)
        self.query = nn.Linear(channels, num_heads * strip)
        self.key = nn.Linear(memory_channels, num_heads * strip, bias=False)
        self.value = nn.Linear(memory_channels, channels, bias=False)
        self.projection = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor, memory: Tensor) -> Tensor:
        """Let each token gather from the memory.

        Args:
            tokens: float (B, N, channels), where the queries come from.
            memory: float (B, K, memory_channels), where keys and values come from.

        Returns:
            float (B, N, channels).
        """
        query, key = self._split_heads(self.query(tokens)), self._split_heads(self.key(memory))
        value = self._split_heads(self.value(memory))
        attended = F.scaled_dot_product_attention(query, key, value, scale=self.scale)
        return saturated(self.projection(attended.transpose(1, 2).flatten(2)))

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, N, heads * d) -> (B, heads, N, d)."""
        return saturated(tokens).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


def _logit_scale(scale: Scale, strip_dim: int, head_dim: int) -> float:
    if scale == 'strip':
        return strip_dim**-0.5
    if scale == 'head':
        return head_dim**-0.5
    if isinstance(scale, str):
        raise ValueError(f'scale {scale!r} is unknown; expected one of {", ".join(SCALES)}, or a number')
    return float(scale)


class PlainPerception(nn.Sequential):
    """Depth-wise 3x3 convolution, GELU, 1x1 convolution.

    Args:
        channels: channels of the map, before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(DepthwiseConv2d(channels), nn.GELU(), nn.Conv2d(channels, channels, 1))


class GatedPerception(nn.Module):
    """1x1 convolution, GELU, a sigmoid gate computed from each pixel's neighbours, 1x1 convolution.

    With u the map after the GELU, the gated map is u * sigmoid(1x1(DW3x3(u))).

    Args:
        channels: channels of the map, before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.GELU())
        self.gate = nn.Sequential(DepthwiseConv2d(channels), nn.Conv2d(channels, channels, 1))
        self.reduce = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Perceive the neighbours.

        Args:
            x: float (B, channels, H, W).

        Returns:
            float (B, channels, H, W).
        """
        features = saturated(self.expand(x))
        return self.reduce(features * torch.sigmoid(self.gate(features)))


PERCEPTIONS: dict[str, Callable[[int], nn.Module]] = {'plain': PlainPerception, 'gated': GatedPerception}


class DepthwiseConv2d(nn.Conv2d):
    """Depth-wise 3x3 convolution that keeps the map's size, and float16 from infinity.

    Args:
        channels: channels of the map, before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve: float (B, channels, H, W) -> the same shape."""
        return saturated(super().forward(x))


def build_perception(kind: str, channels: int) -> nn.Module:
    """Build a Local Perception Module.

    Args:
        kind: ``plain`` or ``gated``.
        channels: channels of the map, before and after.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in PERCEPTIONS:
        raise ValueError(f'perception {kind!r} is unknown; expected one of {", ".join(PERCEPTIONS)}, or None for none')
    return PERCEPTIONS[kind](channels)


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
        self.conv = DepthwiseConv2d(hidden)
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
        hidden = to_tokens(self.conv(to_map(saturated(self.expand(tokens)), map_size)))
        return saturated(self.reduce(self.activation(hidden)))


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
        self.query_norm = TokenNorm(channels)
        self.memory_norm = TokenNorm(memory_channels)
        self.attention = StripCrossAttention(channels, memory_channels, num_heads, strip_dim, scale)
        self.perception_norm = None if perception is None else TokenNorm(channels)
        self.perception = None if perception is None else build_perception(perception, channels)
        self.ffn_norm = TokenNorm(channels)
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
        tokens = saturated(tokens + self.drop_path(self._attend(self.query_norm(tokens), map_size, memory)))
        if self.perception is not None and self.perception_norm is not None:
            local = self.perception(to_map(self.perception_norm(tokens), map_size))
            tokens = saturated(tokens + self.drop_path(to_tokens(saturated(local))))
        tokens = saturated(tokens + self.drop_path(self.ffn(self.ffn_norm(tokens), map_size)))
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
