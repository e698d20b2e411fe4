"""Low-resolution attention in the place of mask attention: the module of a U-Net's stage."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from mmmaskattn.models.layers.attention_frame import AttentionFrame
from mmmaskattn.models.layers.attention_masks import MaskConfig
from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention
from mmmaskattn.models.layers.pooled_grids import PooledGrids


class LowResolutionMaskAttention(AttentionFrame):
    """``MaskAttention`` with LRFormer's attention inside: norm, attention, residual; norm, feed-forward, residual.

    The feed-forward network is MaskAttn-UNet's, without LRFormer's depth-wise convolutions: the U-Net's own
    convolutions see the neighbours.

    Args:
        channels: C of the map.
        num_heads: heads. Must divide ``channels``.
        mask: ``none`` or ``gate``, averaged over the cell of each key.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        with_cp: recompute the module in the backward pass instead of keeping its activations.
        q_size: short side of the query grid.
        key_sizes: short sides of the key grids; in proportion to ``q_size`` when None, see
            :func:`mmmaskattn.models.layers.pooled_grids.pyramid_sizes`.
        clamp_keys: no key grid is finer than the map.

    Raises:
        ValueError: an option that cannot be, or a mask that does not go with averaged keys.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int = 4,
        mask: MaskConfig = 'gate',
        ffn_ratio: float = 1.0,
        with_cp: bool = False,
        q_size: int = 16,
        key_sizes: Sequence[int] | None = None,
        clamp_keys: bool = True,
    ) -> None:
        super().__init__(channels, with_cp)
        self.attention = LowResolutionAttention(channels, num_heads, mask)
        self.grids = PooledGrids(channels, q_size, key_sizes, clamp_keys=clamp_keys)
        self._add_ffn(channels, ffn_ratio)

    def _attend(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Attend on the map that the tokens lie on: (B, N, C) -> (B, N, C)."""
        attended = self.attention(tokens.transpose(1, 2).unflatten(2, map_size), self.grids)
        return attended.flatten(2).transpose(1, 2)
