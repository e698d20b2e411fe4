"""Low-Resolution Self-Attention (LRFormer, arXiv 2310.05026): few queries, few keys, whatever the size of the map."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.layers.attention_masks import MASKS, MaskConfig, MaskTerms, build_mask
from mmmaskattn.models.layers.initialise import initialise_linear
from mmmaskattn.models.layers.mask_attention import masked_attention
from mmmaskattn.models.layers.pooled_grids import PooledGrids

SUPPORTED_MASKS = ('none', 'gate')


class LowResolutionAttention(nn.Module):
    """Multi-head self-attention whose queries and keys are averages over the cells of coarse grids::

        x (B,C,H,W) -+- pool to the query grid ------------------ Q --+
                     |                                                +- attention - projection - resize to (H,W)
                     +- pool to the key grids - norm ----------- K,V --+
                     +- mask of each position - pool likewise ---- M --+

    The products of attention depend on the grids, not on H and W. There is no residual in here. The grids belong to
    the caller, as the blocks of a stage share them: see :class:`PooledGrids`.

    The mask is our addition: M_j of each position, averaged over the cell of each key (B x 1 x 1 x K).

    Args:
        channels: C of the map.
        num_heads: heads. Must divide ``channels``.
        mask: ``none`` or ``gate``; see :mod:`mmmaskattn.models.layers.attention_masks`. The others speak of single
            positions or pairs of them, and here keys are averages over many.

    Raises:
        ValueError: ``channels`` not divisible by ``num_heads``, a mask that is unknown or does not go with averaged
            keys.
    """

    def __init__(self, channels: int, num_heads: int, mask: MaskConfig = 'none') -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'num_heads={num_heads} does not divide the {channels} channels of the map')
        _check_mask(mask)
        self.num_heads = num_heads
        # The masks that go with averages are not made for a size.
        self.mask = build_mask(mask, channels, num_heads, (1, 1))
        self.query = nn.Linear(channels, channels)
        self.key_norm = nn.LayerNorm(channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.projection = nn.Linear(channels, channels)
        self.apply(initialise_linear)

    def forward(self, x: Tensor, grids: PooledGrids) -> Tensor:
        """Attend.

        Args:
            x: float (B, C, H, W), normalised.
            grids: makes the queries and keys of ``x``.

        Returns:
            float (B, C, H, W), to be added to the residual.
        """
        map_size = (x.shape[2], x.shape[3])
        grid = grids.query_grid(map_size)
        query = self._split_heads(self.query(grids.queries(x)))
        keys = self.key_norm(grids.keys(x))
        key, value = (self._split_heads(part) for part in self.key_value(keys).chunk(2, dim=-1))
        attended = masked_attention(query, key, value, self._terms(x, grids))
        tokens = self.projection(attended.transpose(1, 2).flatten(2))
        low = tokens.transpose(1, 2).unflatten(2, grid)
        return low if grid == map_size else F.interpolate(low, size=map_size, mode='bilinear', align_corners=False)

    def _terms(self, x: Tensor, grids: PooledGrids) -> MaskTerms:
        map_size = (x.shape[2], x.shape[3])
        bias = self.mask(x.flatten(2).transpose(1, 2), map_size).key_bias
        return MaskTerms() if bias is None else MaskTerms(key_bias=grids.key_bias(bias, map_size))

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, heads, N, C / heads)."""
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


def _check_mask(mask: MaskConfig) -> None:
    name = mask if isinstance(mask, str) else mask.get('type')
    if name in MASKS and name not in SUPPORTED_MASKS:
        raise ValueError(
            f'mask {name!r} does not go with low-resolution attention: it biases or drops single positions of the map, '
            f'and the keys here are averages over many; the option `masks` takes one of {", ".join(SUPPORTED_MASKS)}, '
            'or None for a stage without attention'
        )
