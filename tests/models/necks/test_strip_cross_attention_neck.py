"""The neck: contract over our encoder, fused or not; the head's weights fit."""

from __future__ import annotations

import pytest
import torch
from model_contract import ModelContract, seeded
from torch import nn

from mmmaskattn.models import MaskAttnUNet, StripCrossAttentionHead, StripCrossAttentionNeck
from mmmaskattn.models.variants import map_size_at
from mmmaskattn.registry import MODELS

WIDTHS = (8, 12, 16, 16, 20)


class EncoderNeck(nn.Module):
    """Image to the neck's maps."""

    def __init__(self, **options) -> None:
        super().__init__()
        self.backbone = MaskAttnUNet(arch='tiny', channels=WIDTHS)
        self.neck = MODELS.build(dict(type='mmmaskattn.StripCrossAttentionNeck', in_channels=WIDTHS, **options))

    def forward(self, x):
        return self.neck(self.backbone(x))


class TestPyramid(ModelContract):
    sizes = [*ModelContract.sizes, (128, 128), (96, 128), (64, 64)]

    def build(self):
        return EncoderNeck()

    def shapes(self, size):
        return [(c, *map_size_at(size, 2 << level)) for level, c in enumerate(WIDTHS)]

    def test_says_its_widths(self, model):
        assert model.neck.out_channels == model.neck.in_channels == WIDTHS


class TestFused(ModelContract):
    def build(self):
        return EncoderNeck(fused_channels=24, max_queries=100)

    def shapes(self, size):
        return [(24, *map_size_at(size, 2))]

    def test_says_its_width(self, model):
        assert model.neck.out_channels == (24,)


def test_takes_the_weights_of_a_head():
    torch.manual_seed(0)
    norm = dict(type='mmmaskattn.CrossProcessBN')
    head = StripCrossAttentionHead((8, 16), 12, num_classes=3, norm_cfg=norm, dropout_ratio=0.0).eval()
    neck = StripCrossAttentionNeck((8, 16), fused_channels=12).eval()
    missing, unused = neck.load_state_dict(head.state_dict(), strict=False)
    assert not missing
    assert sorted(unused) == ['conv_seg.bias', 'conv_seg.weight']
    maps = [torch.randn(1, c, s, s, generator=seeded(s)) for c, s in ((8, 16), (16, 8))]
    torch.testing.assert_close(head.conv_seg(neck(maps)[0]), head(maps))


@pytest.mark.parametrize('stages', [2, 3, 4, 5])
def test_any_number_of_stages(stages):
    maps = [torch.randn(2, 8 << level, 32 >> level, 24 >> level) for level in range(stages)]
    decoded = StripCrossAttentionNeck([m.shape[1] for m in maps])(maps)
    assert [d.shape for d in decoded] == [m.shape for m in maps]


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match=r'got 1 maps; in_channels \[8, 16\] names 2'):
        StripCrossAttentionNeck([8, 16])([torch.rand(1, 8, 16, 16)])


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match='fuse'):
        StripCrossAttentionNeck([8, 16], fuse=8)
