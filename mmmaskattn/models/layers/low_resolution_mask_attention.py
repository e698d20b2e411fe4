"""Low-resolution attention in the place of mask attention: the module of a U-Net's stage."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmmaskattn.models.layers.attention_masks import MaskConfig
from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention
from mmmaskattn.models.layers.mask_attention import initialise_linear
from mmmaskattn.models.layers.pooled_grids import PooledGrids


class LowResolutionMaskAttention(nn.Module):
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
        super().__init__()
        hidden = max(1, round(channels * ffn_ratio))
        self.with_cp = with_cp
        self.norm = nn.LayerNorm(channels)
        self.attention = LowResolutionAttention(channels, num_heads, mask)
        self.grids = PooledGrids(channels, q_size, key_sizes, clamp_keys=clamp_keys)
        self.ffn_norm = nn.LayerNorm(channels)
        self.ffn = nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))
        self.apply(initialise_linear)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, C, H, W).
        """
        if self.with_cp and x.requires_grad:
            return checkpoint(self._refine, x, use_reentrant=False)
        return self._refine(x)

    def _refine(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        attended = self.attention(_as_map(self.norm(tokens), x), self.grids)
        tokens = tokens + attended.flatten(2).transpose(1, 2)
        tokens = tokens + self.ffn(self.ffn_norm(tokens))
        return _as_map(tokens, x)


def _as_map(tokens: Tensor, like: Tensor) -> Tensor:
    """(B, H * W, C) -> (B, C, H, W) of ``like``."""
    return tokens.transpose(1, 2).reshape(like.shape)
