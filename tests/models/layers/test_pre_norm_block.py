"""The block of both attention modules: what is computed around the attention, and in which order the weights lie."""

from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.layers import LowResolutionMaskAttention, MaskAttention
from mmmaskattn.models.layers.mask_attention import PreNormBlock

MODULES = {
    'full': lambda **options: MaskAttention(8, (6, 5), mask='gate', **options),
    'low_resolution': lambda **options: LowResolutionMaskAttention(8, q_size=2, **options),
}


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> PreNormBlock:
    torch.manual_seed(0)
    return MODULES[request.param](ffn_ratio=1.5).double()


def test_two_residuals_are_added(module: PreNormBlock):
    x = torch.randn(2, 8, 6, 5, dtype=torch.float64)
    tokens = x.permute(0, 2, 3, 1).reshape(2, 30, 8)
    half = tokens + module._attend(module.norm(tokens), (6, 5))
    expected = (half + module.ffn(module.ffn_norm(half))).reshape(2, 6, 5, 8).permute(0, 3, 1, 2)
    assert not torch.allclose(half, tokens)
    torch.testing.assert_close(module(x), expected)


def test_weights_lie_in_the_order_of_the_computation(module: PreNormBlock):
    parts = [name for name, _ in module.named_children()]
    assert parts[0] == 'norm'
    assert parts[-2:] == ['ffn_norm', 'ffn']
    assert module.ffn[0].out_features == 12


@pytest.mark.parametrize('name', MODULES)
def test_recomputation_gives_the_same_gradients(name: str):
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        module = MODULES[name](with_cp=with_cp).double()
        x = torch.randn(2, 8, 6, 5, dtype=torch.float64, requires_grad=True)
        module(x).square().sum().backward()
        gradients.append([x.grad, *(parameter.grad for parameter in module.parameters())])
    for a, b in zip(*gradients):
        torch.testing.assert_close(a, b)
