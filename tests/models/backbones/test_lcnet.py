"""LCNet: contract, published size."""

from __future__ import annotations

import pytest
from model_contract import ModelContract

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import LCNet
from mmmaskattn.registry import MODELS


class TestLCNet(ModelContract):
    def build(self):
        return MODELS.build(dict(type='mmmaskattn.LCNet', scale=0.5))

    def shapes(self, size):
        return [(16 * 2**level, *(-(-side // (2 << level)) for side in size)) for level in range(5)]


@pytest.mark.parametrize(('scale', 'params', 'macs'), [(0.5, 1.9, 47), (1.0, 3.0, 161)])
def test_size_is_the_published_one(scale, params, macs):
    """Millions of parameters and multiply-adds at 224x224, with the paper's classifier; it counts norms too."""
    cost = count_complexity(LCNet(scale), (224, 224))
    classifier = LCNet(scale).out_channels[-1] * 1280 + 1280 * 1000
    assert (cost.params + classifier) / 1e6 == pytest.approx(params, abs=0.06)
    assert (cost.macs + classifier) / 1e6 == pytest.approx(macs, rel=0.06)
