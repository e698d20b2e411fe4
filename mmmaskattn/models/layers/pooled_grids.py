"""The grids of low-resolution attention: a map averaged to queries, and to keys at several sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BASE_SIZES = (11, 8, 6, 4)
"""Short sides of the key grids for queries of 16x16; other sizes follow in proportion."""
BASE_QUERY_SIZE = 16
# Keeps a half that floating point left just under .5 from being rounded down.
ROUNDING = 0.001


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
