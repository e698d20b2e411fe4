"""Fusing levels equals enlarging, concatenating and convolving, at fewer products."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from model_contract import seeded

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models.layers import LevelFusion

CHANNELS = (4, 6, 10)
SIZES = [(15, 20), (8, 10), (3, 7)]


@pytest.fixture
def maps():
    return [torch.randn(2, c, *s, generator=seeded(c)) for c, s in zip(CHANNELS, SIZES)]


@pytest.mark.parametrize('norm', [None, dict(type='mmmaskattn.CrossProcessBN')])
@pytest.mark.parametrize('align_corners', [False, True])
def test_equals_one_convolution_of_the_concatenation(maps, norm, align_corners):
    fusion = LevelFusion(CHANNELS, 5, norm, dict(type='ReLU'), align_corners)
    up = [F.interpolate(m, size=SIZES[0], mode='bilinear', align_corners=align_corners) for m in maps]
    weight = torch.cat([share.weight for share in fusion.shares], dim=1)[:, :, None, None]
    expected = F.relu(fusion.norm(F.conv2d(torch.cat(up, dim=1), weight, fusion.shares[0].bias)))
    torch.testing.assert_close(fusion(maps), expected, atol=1e-5, rtol=1e-5)
    assert [share.bias is not None for share in fusion.shares] == [norm is None, False, False]


def test_products_are_those_of_each_level_at_its_own_size(maps):
    result = count_complexity(LevelFusion(CHANNELS, 5, None, None), ([m[:1] for m in maps],))
    assert result.macs == 5 * sum(c * h * w for c, (h, w) in zip(CHANNELS, SIZES))


def test_begins_as_the_whole_convolution_of_mmcv_does():
    """By the outputs alone, so that cutting the convolution into shares changes nothing; torch's own would differ."""
    torch.manual_seed(0)
    fusion = LevelFusion((96, 160), 400, None, None)
    whole = ConvModule(256, 400, 1)
    for share in fusion.shares:
        assert share.weight.std().item() == pytest.approx(whole.conv.weight.std().item(), rel=0.02)
    assert not fusion.shares[0].bias.any()
    assert not whole.conv.bias.any()
