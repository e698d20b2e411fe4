"""Both Local Perception Modules against formulas written with torch's functions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from model_contract import seeded

from mmmaskattn.models.layers.strip_cross_attention import build_perception

CHANNELS = 6


@pytest.fixture
def x():
    return torch.randn(2, CHANNELS, 7, 5, generator=seeded())


def test_plain(x):
    module = build_perception('plain', CHANNELS)
    conv, _, mix = module
    near = F.conv2d(x, conv.weight, conv.bias, padding=1, groups=CHANNELS)
    expected = torch.einsum('oc,bchw->bohw', mix.weight[:, :, 0, 0], F.gelu(near)) + mix.bias[:, None, None]
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)


def test_gated(x):
    module = build_perception('gated', CHANNELS)
    features = F.gelu(F.conv2d(x, module.expand[0].weight, module.expand[0].bias))
    near, mix = module.gate
    gate = F.conv2d(F.conv2d(features, near.weight, near.bias, padding=1, groups=CHANNELS), mix.weight, mix.bias)
    expected = F.conv2d(features / (1 + torch.exp(-gate)), module.reduce.weight, module.reduce.bias)
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('kind', ['plain', 'gated'])
def test_a_pixel_sees_its_neighbours_and_no_further(kind, x):
    module = build_perception(kind, CHANNELS)
    x.requires_grad_()
    module(x)[0, :, 3, 2].sum().backward()
    seen = x.grad[0].abs().sum(0) > 0
    expected = torch.zeros(7, 5, dtype=torch.bool)
    expected[2:5, 1:4] = True
    assert torch.equal(seen, expected)


def test_unknown_kind_is_named():
    with pytest.raises(ValueError, match="perception 'soft' is unknown; expected one of plain, gated, or None"):
        build_perception('soft', CHANNELS)
