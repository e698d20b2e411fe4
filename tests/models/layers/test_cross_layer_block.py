"""One Cross-Layer Block: its three branches, pooled queries, options."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from model_contract import seeded

from mmmaskattn.models.layers import CrossLayerBlock
from mmmaskattn.models.layers.strip_cross_attention import query_grid, to_map, to_tokens

CHANNELS, MEMORY = 8, 20


@pytest.fixture
def x():
    return torch.randn(2, CHANNELS, 6, 10, generator=seeded(1))


@pytest.fixture
def memory():
    return torch.randn(2, MEMORY, 3, 4, generator=seeded(2))


def build(**options) -> CrossLayerBlock:
    torch.manual_seed(0)
    return CrossLayerBlock(CHANNELS, MEMORY, **options).eval()


def feed_forward(block, tokens, size):
    """The branch after the last norm, written with torch's functions."""
    ffn = block.ffn
    hidden = F.linear(block.ffn_norm(tokens), ffn.expand.weight, ffn.expand.bias)
    maps = hidden.transpose(1, 2).reshape(hidden.shape[0], -1, *size)
    maps = F.gelu(F.conv2d(maps, ffn.conv.weight, ffn.conv.bias, padding=1, groups=maps.shape[1]))
    return F.linear(maps.flatten(2).transpose(1, 2), ffn.reduce.weight, ffn.reduce.bias)


@pytest.mark.parametrize('perception', [None, 'plain', 'gated'])
def test_three_branches_with_a_residual_each(perception, x, memory):
    block = build(perception=perception)
    tokens = x.flatten(2).transpose(1, 2)
    keys = block.memory_norm(memory.flatten(2).transpose(1, 2))
    tokens = tokens + block.attention(block.query_norm(tokens), keys)
    if perception:
        maps = block.perception_norm(tokens).transpose(1, 2).reshape(x.shape)
        tokens = tokens + block.perception(maps).flatten(2).transpose(1, 2)
    tokens = tokens + feed_forward(block, tokens, (6, 10))
    expected = tokens.transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(block(x, memory), expected, atol=1e-5, rtol=1e-5)


def test_maps_and_tokens_are_each_others_inverse(x):
    tokens = to_tokens(x)
    assert tokens.shape == (2, 60, CHANNELS)
    assert torch.equal(tokens[1, 23], x[1, :, 2, 3])
    assert torch.equal(to_map(tokens, (6, 10)), x)


@pytest.mark.parametrize(
    ('size', 'limit', 'grid'),
    [((64, 64), None, (64, 64)), ((64, 64), 4096, (64, 64)), ((64, 64), 4095, (32, 32)), ((65, 33), 300, (22, 11))],
)
def test_query_grid(size, limit, grid):
    assert query_grid(size, limit) == grid


def test_pooled_queries_are_averages_and_what_they_gather_is_interpolated(x, memory):
    block = build(max_queries=15)
    maps = to_map(block.query_norm(to_tokens(x)), (6, 10))
    gathered = block.attention(to_tokens(F.avg_pool2d(maps, 2)), block.memory_norm(to_tokens(memory)))
    expected = F.interpolate(to_map(gathered, (3, 5)), scale_factor=2, mode='bilinear', align_corners=False)
    attended = block._attend(block.query_norm(to_tokens(x)), (6, 10), memory)
    torch.testing.assert_close(to_map(attended, (6, 10)), expected, atol=1e-5, rtol=1e-5)
    limited, free = block(x, memory), build()(x, memory)
    assert limited.shape == free.shape
    assert not torch.allclose(limited, free)
    torch.testing.assert_close(build(max_queries=60)(x, memory), free)


def test_dropped_paths_leave_the_map_as_it_was(x, memory):
    block = build(drop_path_rate=1 - 1e-6).train()
    assert torch.equal(block(x, memory), x)
    assert not torch.equal(block.eval()(x, memory), x)


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match='max_queries is 0; expected 1 or more'):
        build(max_queries=0)
    with pytest.raises(ValueError, match='num_heads=3 does not divide the 8 channels'):
        build(num_heads=3)
