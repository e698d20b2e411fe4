"""Strip cross-attention: queries and keys of one channel per head (SCASeg-style, a reconstruction).

Verified from the authors' abstract: cross-attention whose queries come from an encoder stage, and which "compresses the
channels of queries and keys into one dimension, creating strip-like patterns". The strip is along the channels, not
along rows or columns. Inferred here: the projections, the biases, the scale, and that the values keep their channels.
"""

from __future__ import annotations

from typing import Union

import torch.nn.functional as F
from torch import Tensor, nn

Scale = Union[float, str]
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
        self.scale = _scale(scale, strip, head_dim)
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
        return self.projection(attended.transpose(1, 2).flatten(2))

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, N, heads * d) -> (B, heads, N, d)."""
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


def _scale(scale: Scale, strip_dim: int, head_dim: int) -> float:
    if scale == 'strip':
        return strip_dim**-0.5
    if scale == 'head':
        return head_dim**-0.5
    if isinstance(scale, str):
        raise ValueError(f'scale {scale!r} is unknown; expected one of {", ".join(SCALES)}, or a number')
    return float(scale)
