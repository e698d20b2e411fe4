"""The attention types of a U-Net stage."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models.layers import LowResolutionMaskAttention, MaskAttention
from mmmaskattn.models.layers.unet_attention import attentions_by_stage, build_attention


def build(mask, attention='full'):
    return build_attention(mask, 16, (12, 16), 4, 2.0, False, attention)


def test_types():
    assert type(build('topk')) is MaskAttention
    assert type(build('gate', 'low_resolution')) is LowResolutionMaskAttention
    assert type(build(None, 'low_resolution')) is nn.Identity


@pytest.mark.parametrize('mask', ['none', 'gate'])
def test_low_resolution_by_hand(mask):
    """Queries times keys, whatever the 192 positions."""
    channels, positions, ratio = 16, 12 * 16, 2
    queries, keys = 4 * 5, 3 * 4 + 2 * 3  # 4 x 5.33; 3 x 4, 2 x 2.67
    module = build(mask, dict(type='low_resolution', q_size=4, key_sizes=(3, 2)))
    result = count_complexity(module, torch.randn(1, channels, 12, 16))
    gated = mask == 'gate'
    linear = channels**2 * (2 * queries + 2 * keys + 2 * ratio * positions) + gated * positions * channels
    convolutions = keys * channels * 9
    products = 2 * queries * keys * channels
    assert result.macs == linear + convolutions + products
    assert result.uncounted == {}


def test_residuals_by_hand():
    torch.manual_seed(0)
    module, x = build('gate', 'low_resolution').double(), torch.randn(2, 16, 12, 16, dtype=torch.float64)
    normed = nn.functional.layer_norm(x.permute(0, 2, 3, 1), (16,)).permute(0, 3, 1, 2)
    a = x + module.attention(normed, module.grids)
    b = a + module.ffn(nn.functional.layer_norm(a.permute(0, 2, 3, 1), (16,))).permute(0, 3, 1, 2)
    torch.testing.assert_close(module(x), b)


def test_checkpointing_gives_the_same_gradients():
    grads = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        module = build_attention('gate', 16, (12, 16), 4, 2.0, with_cp, 'low_resolution').double()
        module(torch.ones(2, 16, 12, 16, dtype=torch.float64, requires_grad=True)).square().sum().backward()
        grads.append([p.grad for p in module.parameters()])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)


def test_one_for_all_or_one_for_each():
    assert attentions_by_stage('full', 2) == ('full', 'full')
    assert attentions_by_stage(['full', dict(type='low_resolution')], 2) == ('full', dict(type='low_resolution'))
    with pytest.raises(ValueError, match='attention has 1 entries for 2 stages'):
        attentions_by_stage(['full'], 2)


@pytest.mark.parametrize(
    ('mask', 'attention', 'message'),
    [
        ('gate', 'low', "attention type 'low' is unknown.*full or low_resolution"),
        (None, 'low', "attention type 'low' is unknown"),
        ('gate', dict(type='low_resolution', size=3), r"does not take the options \['size'\].*q_size"),
        ('gate', dict(type='full', q_size=3), r"'full' does not take the options \['q_size'\]; it takes none"),
        ('topk', 'low_resolution', "mask 'topk' does not go with low-resolution attention"),
    ],
)
def test_wrong_options_are_named(mask, attention, message):
    with pytest.raises(ValueError, match=message):
        build(mask, attention)
