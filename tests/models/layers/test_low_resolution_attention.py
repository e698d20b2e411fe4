"""Low-resolution attention against the published computation written out in float64."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.layers import LowResolutionAttention, PooledGrids

CHANNELS, HEADS = 12, 3


def build(q_size=4, mask='none', sizes=(3, 2), **options) -> tuple[LowResolutionAttention, PooledGrids]:
    """Modules in float64 with weights large enough for attention to matter."""
    torch.manual_seed(0)
    module = LowResolutionAttention(CHANNELS, HEADS, mask).double()
    grids = PooledGrids(CHANNELS, q_size, sizes, **options).double()
    for parameter in (*module.parameters(), *grids.parameters()):
        nn.init.normal_(parameter, std=0.5)
    return module, grids


def direct_reading(module: LowResolutionAttention, grids: PooledGrids, x: Tensor) -> Tensor:
    """The published steps, head by head; the query grid has ``q_size`` rows even where the map has fewer."""
    batch, _, height, width = x.shape
    assert width >= height
    rows, columns = grids.q_size, round(width * grids.q_size / height + 0.001)
    pooled = F.adaptive_avg_pool2d(x, (rows, columns))
    q = module.query(pooled.flatten(2).transpose(1, 2))
    keys, bias = [], []
    for size, conv in zip(grids.key_sizes, grids.convs):
        cells = (size, round(width * size / height + 0.001))
        pool = F.adaptive_avg_pool2d(x, cells)
        keys.append((pool + conv(pool)).flatten(2))
        if module.mask.__class__.__name__ == 'GateMask':
            scores = (x * module.mask.scorer.weight[0][:, None, None]).sum(1, keepdim=True) + module.mask.scorer.bias
            bias.append(F.adaptive_avg_pool2d(-torch.log(1 + torch.exp(-scores)), cells).flatten(1))
    keys = module.key_norm(torch.cat(keys, 2).transpose(1, 2))
    k, v = module.key_value(keys).split(CHANNELS, dim=-1)
    m = torch.cat(bias, 1)[:, None, :] if bias else 0.0
    d = CHANNELS // HEADS
    heads = []
    for h in range(HEADS):
        part = slice(h * d, (h + 1) * d)
        heads.append(torch.softmax(q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(d) + m, -1) @ v[..., part])
    low = module.projection(torch.cat(heads, -1)).transpose(1, 2).reshape(batch, CHANNELS, rows, columns)
    return F.interpolate(low, size=(height, width), mode='bilinear', align_corners=False)


@pytest.mark.parametrize('mask', ['none', 'gate'])
@pytest.mark.parametrize('size', [(8, 8), (7, 9), (5, 13), (4, 4)])
def test_equals_the_published_computation(size, mask):
    module, grids = build(mask=mask)
    x = torch.randn(2, CHANNELS, *size, dtype=torch.float64, requires_grad=True)
    expected, got = direct_reading(module, grids, x), module(x, grids)
    torch.testing.assert_close(got, expected, atol=1e-10, rtol=1e-10)
    parameters = [x, *module.parameters(), *grids.parameters()]
    wanted = torch.autograd.grad(expected.square().sum(), parameters)
    for a, b in zip(torch.autograd.grad(got.square().sum(), parameters), wanted):
        assert b.abs().sum() > 0
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize('side', [1, 2, 3, 4, 5, 6, 8, 16])
def test_clamped_queries_are_the_same_function(side):
    """The published code repeats positions of a map smaller than the query grid; here they are computed once."""
    module, grids = build(q_size=16, sizes=(11, 8, 6, 4))
    x = torch.randn(1, CHANNELS, side, side, dtype=torch.float64)
    queries = []
    module.query.register_forward_hook(lambda _, inputs, __: queries.append(inputs[0].shape[1]))
    got = module(x, grids)
    assert queries == [side * side]
    torch.testing.assert_close(got, direct_reading(module, grids, x), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('side', [7, 12])
def test_unclamped_queries_are_the_published_ones_on_any_map(side):
    """Maps whose positions a finer grid blends: the docstring says that clamping changes the function there."""
    x = torch.randn(1, CHANNELS, side, side, dtype=torch.float64)
    for clamp in (False, True):
        module, grids = build(q_size=16, sizes=(11, 8, 6, 4), clamp_queries=clamp)
        difference = (module(x, grids) - direct_reading(module, grids, x)).abs().max()
        assert difference > 1e-3 if clamp else difference < 1e-10


@pytest.mark.parametrize(('size', 'queries'), [((64, 64), 256), ((64, 128), 512), ((33, 20), 26 * 16)])
def test_queries_do_not_grow_with_the_map(size, queries):
    module, grids = build(q_size=16)
    seen = []
    module.query.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[1]))
    assert module(torch.randn(1, CHANNELS, *size, dtype=torch.float64), grids).shape[2:] == size
    assert seen == [queries]


def test_a_closed_gate_hides_its_keys():
    """Positions whose gate is shut: what they hold no longer reaches the others, but through cells they share."""
    module, grids = build(mask='gate', sizes=(4,))
    for conv in grids.convs:
        nn.init.zeros_(conv.weight)
    nn.init.zeros_(module.mask.scorer.weight)
    module.mask.scorer.weight.data[0, 0] = 200.0
    x = torch.randn(1, CHANNELS, 8, 8, dtype=torch.float64)
    x[:, 0] = 1.0
    x[:, 0, :2, :2] = -1.0  # the first cell of 4 x 4
    changed = x.clone()
    changed[:, 1:, :2, :2] += 3.0
    far = (slice(None), slice(None), slice(5, None), slice(5, None))
    torch.testing.assert_close(module(x, grids)[far], module(changed, grids)[far], atol=1e-12, rtol=0)
    x[:, 0], changed[:, 0] = 1.0, 1.0
    assert (module(x, grids)[far] - module(changed, grids)[far]).abs().max() > 1e-3


@pytest.mark.parametrize('mask', ['dense', 'topk', 'random', dict(type='topk', k=9)])
def test_masks_of_single_positions_are_refused(mask):
    name = mask if isinstance(mask, str) else 'topk'
    with pytest.raises(ValueError, match=f"mask '{name}' does not go with low-resolution attention.*averages.*gate"):
        LowResolutionAttention(12, 3, mask=mask)


def test_unknown_mask_is_refused_by_name():
    with pytest.raises(ValueError, match="mask type 'gat' is unknown"):
        LowResolutionAttention(12, 3, mask='gat')


def test_heads_must_divide_the_channels():
    with pytest.raises(ValueError, match='num_heads=5 does not divide the 12'):
        LowResolutionAttention(12, 5)
