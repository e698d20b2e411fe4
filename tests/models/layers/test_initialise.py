"""Linear layers are initialised, with a bias and without; others are left alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.models.layers.mask_attention import initialise_linear


@pytest.mark.parametrize('bias', [True, False])
def test_linear_layers_begin_small(bias: bool):
    torch.manual_seed(0)
    layer = nn.Linear(200, 300, bias=bias)
    initialise_linear(layer)
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert layer.bias is None or not layer.bias.any()


def test_other_layers_stay_as_they_are():
    layer = nn.Conv2d(3, 4, 1)
    before = layer.weight.clone(), layer.bias.clone()
    initialise_linear(layer)
    assert torch.equal(layer.weight, before[0])
    assert torch.equal(layer.bias, before[1])
