"""The block of LRFormer against its three lines written out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.models.layers import LayerNorm2d, LowResolutionBlock, PooledGrids
from mmmaskattn.models.layers.lrformer_blocks import LAYER_NORM


def build(**options) -> tuple[LowResolutionBlock, PooledGrids]:
    torch.manual_seed(0)
    block = LowResolutionBlock(12, 3, 2.0, **{'norm_cfg': LAYER_NORM, **options}).double()
    return block, PooledGrids(12, 4, (3, 2)).double()


def image() -> torch.Tensor:
    return torch.randn(2, 12, 7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('init', [None, 0.5])
def test_equals_its_three_lines(init):
    block, grids = build(layer_scale_init=init)
    x, g = image(), 1.0 if init is None else init

    def layer_norm(module, y):
        mean, var = y.mean(1, keepdim=True), y.var(1, unbiased=False, keepdim=True)
        normed = (y - mean) / (var + 1e-6).sqrt()
        return normed * module.weight[:, None, None] + module.bias[:, None, None]

    a = x + block.position(x)
    b = a + g * block.attention(layer_norm(block.attention_norm, a), grids)
    hidden = nn.functional.gelu(block.ffn.expand(layer_norm(block.ffn_norm, b)))
    expected = b + g * block.ffn.reduce(hidden + block.ffn.depthwise(hidden))
    torch.testing.assert_close(block(x, grids), expected, atol=1e-10, rtol=1e-10)


def test_layer_scale_of_nothing_leaves_the_position_encoding():
    block, grids = build(layer_scale_init=0.0)
    x = image()
    torch.testing.assert_close(block(x, grids), x + block.position(x))


def test_dropped_paths_leave_the_position_encoding_and_keep_the_mean():
    block, grids = build(drop_path=0.5)
    x = image().repeat(300, 1, 1, 1)
    with torch.no_grad():
        trained, whole = block.train()(x, grids), block.eval()(x, grids)
        positioned = x + block.position(x)
        untouched = (trained - positioned).abs().amax((1, 2, 3)) < 1e-9
    assert 0.15 < untouched.double().mean() < 0.35  # both branches dropped: 1/4
    branch = (trained - positioned).mean(0) - (whole - positioned).mean(0)
    assert branch.abs().mean() < 0.3 * (whole - positioned).abs().mean()


def test_entry_norm_comes_first():
    block, grids = build(entry_norm_cfg=dict(type='mmmaskattn.CrossProcessBN'))
    block.eval()
    block.entry_norm.running_mean.fill_(2.0)
    without, _ = build()
    without.load_state_dict({k: v for k, v in block.state_dict().items() if not k.startswith('entry')})
    x = image()
    expected = without((x - 2.0) / (1 + 1e-5) ** 0.5, grids)
    torch.testing.assert_close(block(x, grids), expected)


def test_checkpointing_gives_the_same_gradients():
    grads = []
    for with_cp in (False, True):
        block, grids = build(with_cp=with_cp, drop_path=0.5)
        torch.manual_seed(3)
        block(image().requires_grad_(), grids).square().sum().backward()
        grads.append([p.grad for p in (*block.parameters(), *grids.parameters())])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)


def test_layer_norm_of_a_map_is_that_of_its_tokens():
    norm = LayerNorm2d(12).double()
    nn.init.normal_(norm.weight)
    x = image()
    tokens = nn.functional.layer_norm(x.flatten(2).transpose(1, 2), (12,), norm.weight, norm.bias)
    torch.testing.assert_close(norm(x).flatten(2).transpose(1, 2), tokens)
