"""The grids against sizes and averages written out."""

from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.layers import PooledGrids
from mmmaskattn.models.layers.low_resolution_attention import grid_of, pyramid_sizes


@pytest.mark.parametrize(
    ('q_size', 'sizes'),
    [(16, (11, 8, 6, 4)), (32, (22, 16, 12, 8)), (8, (6, 4, 3, 2)), (4, (3, 2, 1)), (1, (1,))],
)
def test_sizes_follow_the_query_grid(q_size, sizes):
    assert pyramid_sizes(q_size) == sizes


@pytest.mark.parametrize(
    ('short', 'map_size', 'clamp', 'expected'),
    [
        (16, (128, 128), False, (16, 16)),
        (16, (128, 256), False, (16, 32)),
        (16, (256, 128), False, (32, 16)),
        (11, (30, 40), False, (11, 15)),  # 14.67
        (4, (2, 3), False, (4, 6)),
        (4, (2, 3), True, (2, 3)),
        (2, (4, 5), True, (2, 3)),  # 2.5 is rounded up
    ],
)
def test_grids_keep_the_shape_of_the_map(short, map_size, clamp, expected):
    assert grid_of(short, map_size, clamp) == expected


def build(key_sizes=(3, 2), **kwargs) -> PooledGrids:
    torch.manual_seed(0)
    return PooledGrids(5, key_sizes=key_sizes, **kwargs).double()


def test_keys_are_averages_over_cells():
    x = torch.randn(2, 5, 6, 6, dtype=torch.float64)
    keys = build(refine=False).keys(x)
    assert keys.shape == (2, 9 + 4, 5)
    for cell in range(9):
        row, column = divmod(cell, 3)
        mean = x[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean((2, 3))
        torch.testing.assert_close(keys[:, cell], mean)
    torch.testing.assert_close(keys[:, 9 + 3], x[:, :, 3:, 3:].mean((2, 3)))


def test_each_pool_adds_its_own_convolution():
    grids, x = build(), torch.randn(2, 5, 6, 6, dtype=torch.float64)
    plain = build(refine=False).keys(x)
    difference = grids.keys(x) - plain
    for conv, pool, got in zip(grids.convs, plain.split((9, 4), 1), difference.split((9, 4), 1)):
        side = int(pool.shape[1] ** 0.5)
        expected = conv(pool.transpose(1, 2).unflatten(2, (side, side))).flatten(2).transpose(1, 2)
        assert expected.abs().min() > 0
        torch.testing.assert_close(got, expected)


def test_bias_is_averaged_as_the_keys_are():
    grids = build(refine=False)
    x = torch.randn(2, 1, 6, 9, dtype=torch.float64).expand(-1, 5, -1, -1)
    bias = grids.key_bias(x[:, 0].flatten(1), (6, 9))
    torch.testing.assert_close(bias, grids.keys(x)[..., 0])


@pytest.mark.parametrize(('clamp', 'keys'), [(False, 3 * 3 + 2 * 2), (True, 2 * 2 + 2 * 2)])
def test_clamped_key_grids_repeat_no_position(clamp, keys):
    assert build(clamp_keys=clamp).keys(torch.randn(1, 5, 2, 2, dtype=torch.float64)).shape == (1, keys, 5)


@pytest.mark.parametrize(('clamp', 'queries'), [(False, 4 * 6), (True, 2 * 3)])
def test_clamped_query_grid_repeats_no_position(clamp, queries):
    x = torch.randn(1, 5, 2, 3, dtype=torch.float64)
    got = build(q_size=4, clamp_queries=clamp).queries(x)
    assert got.shape == (1, queries, 5)
    assert set(got[0, :, 0].tolist()) == set(x[0, 0].flatten().tolist())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(q_size=0), 'q_size is 0; it must be a whole number of at least 1'),
        (dict(key_sizes=(3, 0)), r'a size in key_sizes \[3, 0\] is 0'),
        (dict(key_sizes=(2.5,)), r'a size in key_sizes \[2.5\] is 2.5'),
        (dict(key_sizes=()), 'key_sizes is empty'),
    ],
)
def test_bad_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PooledGrids(5, **options)
