"""The low-resolution attention of LRFormer: queries and keys on small grids that the map is pooled to."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.layers.attention_masks import (
    ATTENTION_MASKS,
    AttentionMaskConfig,
    MaskTerms,
    build_attention_mask,
)
from mmmaskattn.models.layers.mask_attention import initialise_linear, masked_attention
from mmmaskattn.models.layers.norms import TokenNorm
from mmmaskattn.models.precision import saturated

BASE_SIZES = (11, 8, 6, 4)
"""Short sides of the key grids for queries of 16x16; other sizes follow in proportion."""
BASE_QUERY_SIZE = 16
# Keeps a half that floating point left just under .5 from being rounded down.
ROUNDING = 0.001

AVERAGED_MASKS = ('none', 'gate')
"""Attention masks that go with keys that are averages."""


def pyramid_sizes(q_size: int) -> tuple[int, ...]:
    """Short sides of the key grids that go with a query grid: 11, 8, 6, 4 in proportion to ``q_size`` over 16.

    Sizes that round to zero, and second ones of the same size, are left out.

    Args:
        q_size: short side of the query grid.

    Returns:
        (11, 8, 6, 4) for 16, (22, 16, 12, 8) for 32, (6, 4, 3, 2) for 8, (3, 2, 1) for 4.
    """
    sizes = (round(size * q_size / BASE_QUERY_SIZE + ROUNDING) for size in BASE_SIZES)
    return tuple(dict.fromkeys(max(1, size) for size in sizes))


def grid_of(short_side: int, map_size: tuple[int, int], clamp: bool) -> tuple[int, int]:
    """Size of a grid that keeps the shape of the map.

    Args:
        short_side: length of the grid along the short side of the map.
        map_size: (H, W) of the map.
        clamp: never larger than the map.

    Returns:
        (rows, columns), at least 1 each.
    """
    height, width = map_size
    if width >= height:
        rows, columns = short_side, round(width * short_side / height + ROUNDING)
    else:
        rows, columns = round(height * short_side / width + ROUNDING), short_side
    return (min(rows, height), min(columns, width)) if clamp else (rows, columns)


class PooledGrids(nn.Module):
    """Averages of a map over the cells of coarse grids: one grid of queries, several of keys.

    Each key grid may add a depth-wise convolution of itself. The blocks of an LRFormer stage share one object, and so
    its convolutions.

    A grid finer than the map repeats positions. For queries that is work for nothing: with a grid of 16, maps of 1 to 6
    and of 8 come out the same when the grid is clamped to the map (repeating, attending and resizing back cancel);
    others, as 7 or 12, do not, as the finer grid blends neighbours. For keys it is another function, as the
    convolutions see the repeated positions.

    Args:
        channels: C of the map.
        q_size: short side of the query grid; the long side follows the shape of the map.
        key_sizes: short sides of the key grids; in proportion to ``q_size`` when None, see :func:`pyramid_sizes`.
        refine: add to each key grid its own depth-wise 3x3 convolution of it.
        clamp_queries: the query grid is never finer than the map.
        clamp_keys: no key grid is finer than the map.

    Raises:
        ValueError: a size that is not a whole number of at least 1, or no key sizes.
    """

    def __init__(
        self,
        channels: int,
        q_size: int = 16,
        key_sizes: Sequence[int] | None = None,
        refine: bool = True,
        clamp_queries: bool = True,
        clamp_keys: bool = False,
    ) -> None:
        super().__init__()
        self.q_size = _check_size(q_size, 'q_size')
        sizes = pyramid_sizes(q_size) if key_sizes is None else key_sizes
        self.key_sizes = tuple(_check_size(size, f'a size in key_sizes {list(sizes)}') for size in sizes)
        if not self.key_sizes:
            raise ValueError('key_sizes is empty; give the short side of one key grid at least')
        self.clamp_queries = clamp_queries
        self.clamp_keys = clamp_keys
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels) for _ in (self.key_sizes if refine else ())
        )

    def query_grid(self, map_size: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) of the query grid over a map of (H, W)."""
        return grid_of(self.q_size, map_size, self.clamp_queries)

    def queries(self, x: Tensor) -> Tensor:
        """Average a map for queries.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, Q, C), Q the cells of the query grid.
        """
        return _pool(x, self.query_grid((x.shape[2], x.shape[3]))).flatten(2).transpose(1, 2)

    def keys(self, x: Tensor) -> Tensor:
        """Average a map for keys.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, K, C), K the cells of all key grids.
        """
        pools = self._pools(x)
        if self.convs:
            pools = [pool + conv(pool) for pool, conv in zip(pools, self.convs)]
        return _in_a_row(pools).transpose(1, 2)

    def key_bias(self, bias: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Average a bias of every position over the cells of the keys.

        Args:
            bias: float (B, H * W).
            map_size: (H, W).

        Returns:
            float (B, K).
        """
        return _in_a_row(self._pools(bias.unflatten(1, map_size)[:, None])).squeeze(1)

    def _pools(self, x: Tensor) -> list[Tensor]:
        map_size = (x.shape[2], x.shape[3])
        return [_pool(x, grid_of(size, map_size, self.clamp_keys)) for size in self.key_sizes]


def _pool(x: Tensor, grid: tuple[int, int]) -> Tensor:
    return x if x.shape[2:] == grid else F.adaptive_avg_pool2d(x, grid)


def _in_a_row(pools: Sequence[Tensor]) -> Tensor:
    """(B, C, h, w) each -> (B, C, all cells)."""
    return torch.cat([pool.flatten(2) for pool in pools], dim=2)


def _check_size(size: int, name: str) -> int:
    if not isinstance(size, int) or size < 1:
        raise ValueError(f'{name} is {size!r}; it must be a whole number of at least 1')
    return size


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

    def __init__(self, channels: int, num_heads: int, mask: AttentionMaskConfig = 'none') -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'num_heads={num_heads} does not divide the {channels} channels of the map')
        _check_mask(mask)
        self.num_heads = num_heads
        # The masks that go with averages are not made for a size.
        self.mask = build_attention_mask(mask, channels, num_heads, (1, 1))
        self.query = nn.Linear(channels, channels)
        self.key_norm = TokenNorm(channels)
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
        tokens = saturated(self.projection(attended.transpose(1, 2).flatten(2)))
        low = tokens.transpose(1, 2).unflatten(2, grid)
        return low if grid == map_size else F.interpolate(low, size=map_size, mode='bilinear', align_corners=False)

    def _terms(self, x: Tensor, grids: PooledGrids) -> MaskTerms:
        map_size = (x.shape[2], x.shape[3])
        bias = self.mask(x.flatten(2).transpose(1, 2), map_size).key_bias
        return MaskTerms() if bias is None else MaskTerms(key_bias=grids.key_bias(bias, map_size))

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, heads, N, C / heads)."""
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


def _check_mask(mask: AttentionMaskConfig) -> None:
    name = mask if isinstance(mask, str) else mask.get('type')
    if name in ATTENTION_MASKS and name not in AVERAGED_MASKS:
        raise ValueError(
            f'mask {name!r} does not go with low-resolution attention: it biases or drops single positions of the map, '
            'and the keys here are averages over many; the option `attention_masks` takes one of '
            f'{", ".join(AVERAGED_MASKS)}, or None for a stage without attention'
        )
