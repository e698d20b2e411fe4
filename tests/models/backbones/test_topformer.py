"""TopFormer-T: contract, published size, what the stem's stride does, first weights."""

from __future__ import annotations

import math

import pytest
import torch
from model_contract import ModelContract
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import TopFormer
from mmmaskattn.registry import MODELS


class TopFormerContract(ModelContract):
    stride = 2

    def build(self):
        return MODELS.build(dict(type='mmmaskattn.TopFormer', stem_stride=self.stride, drop_path_rate=0.0))

    def shapes(self, size):
        return [(128, *(-(-side // (self.stride * 4 * 2**level)) for side in size)) for level in range(3)]


class TestPublished(TopFormerContract):
    pass


class TestStemOfStrideOne(TopFormerContract):
    stride = 1


def test_size_is_the_published_one():
    """1.4 M parameters and 0.6 G multiply-adds at 512x512 with 150 classes, of which the head has 19,606 and 0.08 G."""
    cost = count_complexity(TopFormer(), (512, 512))
    head = 128 + 2 * 128 + 128 * 150 + 150
    assert (cost.params + head) / 1e6 == pytest.approx(1.39, abs=0.005)
    assert (cost.macs + 64 * 64 * (128 + 128 * 150)) / 1e9 == pytest.approx(0.56, abs=0.05)


def test_stem_of_stride_one_costs_four_times_as_much():
    published, ours = (count_complexity(TopFormer(stem_stride=stride), (128, 128)).macs for stride in (2, 1))
    assert 3.9 < ours / published < 4.1


def test_tokens_reach_every_pixel():
    """The gate and the sum carry what attention found: a change in one corner moves the other."""
    model = TopFormer(stem_stride=1).eval()
    image = torch.randn(1, 3, 128, 128, requires_grad=True)
    model(image)[0][0, :, -1, -1].sum().backward()
    assert image.grad[0, :, :8, :8].abs().sum() > 0


def test_weights_are_drawn_by_fan_out():
    torch.manual_seed(0)
    model = TopFormer()
    depthwise = torch.cat([m.weight.flatten() for m in model.modules() if isinstance(m, nn.Conv2d) and m.groups > 96])
    pointwise = model.transformer[0].attention.out.conv.weight  # 208 of 128
    assert pointwise.std().item() == pytest.approx(math.sqrt(2 / 208), rel=0.05)
    assert depthwise.std().item() > 0.25, 'sqrt(2 / 9) = 0.47 for 3x3 and 0.28 for 5x5, not by the number of channels'
