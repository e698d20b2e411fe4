"""The decoder: contract over our encoder, and over pyramids of other shapes."""

from __future__ import annotations

import pytest
import torch
from model_contract import ModelContract, image
from torch import nn

from mmmaskattn.models import MaskAttnDecoder, MaskAttnUNet
from mmmaskattn.models.layers import LowResolutionMaskAttention, MaskAttention
from mmmaskattn.models.variants import VARIANTS, map_size_at


class EncoderDecoder(nn.Module):
    """Image to the decoder's maps."""

    def __init__(self, encoder: MaskAttnUNet, **options) -> None:
        super().__init__()
        self.backbone = encoder
        self.neck = MaskAttnDecoder(encoder.out_channels, **options)

    def forward(self, x):
        return self.neck(self.backbone(x))


class DecoderContract(ModelContract):
    encoder: dict = {}
    options: dict = {}

    def build(self):
        return EncoderDecoder(MaskAttnUNet(**self.encoder), **self.options)

    def shapes(self, size):
        variant = VARIANTS[self.encoder.get('arch', 'base')]
        return [(c, *map_size_at(size, variant.stem_stride << level)) for level, c in enumerate(variant.channels[:-1])]


class TestTiny(DecoderContract):
    encoder = options = dict(arch='tiny')


class TestNano(DecoderContract):
    encoder = options = dict(arch='nano')


class TestSmall(DecoderContract):
    encoder = options = dict(arch='small')


class TestBase(DecoderContract):
    encoder = options = dict(arch='base')
    sizes = [*ModelContract.sizes, (128, 128), (130, 97)]


class TestEncoderOnly(DecoderContract):
    """Attention in the encoder alone (Table 6)."""

    encoder = dict(arch='tiny', attention_masks='gate')
    options = dict(arch='tiny')

    def test_has_no_attention_in_the_decoder(self, model):
        assert not any(isinstance(m, MaskAttention) for m in model.neck.modules())
        assert any(isinstance(m, MaskAttention) for m in model.backbone.modules())


class TestDecoderOnly(DecoderContract):
    """Attention in the decoder alone (Table 6)."""

    encoder = dict(arch='tiny')
    options = dict(arch='tiny', attention_masks='gate', reduce=True)

    def test_has_no_attention_in_the_encoder(self, model):
        assert any(isinstance(m, MaskAttention) for m in model.neck.modules())
        assert not any(isinstance(m, MaskAttention) for m in model.backbone.modules())


class TestLowResolution(DecoderContract):
    """LRFormer's attention in both halves."""

    encoder = options = dict(arch='tiny', attention_masks='gate', attention=dict(type='low_resolution', q_size=8))

    def test_is_in_every_stage(self, model):
        assert all(isinstance(a, LowResolutionMaskAttention) for a in model.neck.attentions)


@pytest.mark.parametrize('sizes', [[(32, 32), (16, 16), (8, 8), (4, 4)], [(25, 32), (13, 16), (7, 8), (4, 4)]])
def test_takes_a_four_level_pyramid(sizes):
    neck = MaskAttnDecoder([256, 512, 1024, 2048], arch='tiny')
    pyramid = [torch.rand(2, c, *s) for c, s in zip(neck.in_channels, sizes)]
    maps = neck(pyramid)
    assert [tuple(m.shape) for m in maps] == [(2, c, *s) for c, s in zip((24, 48, 96), sizes)]


def test_width_of_each_stage_is_a_choice():
    neck = MaskAttnDecoder([8, 16, 32], channels=(12, 20), attention_masks=None)
    maps = neck([torch.rand(1, c, s, s) for c, s in ((8, 16), (16, 8), (32, 4))])
    assert [m.shape[1] for m in maps] == [12, 20]
    assert neck.out_channels == (12, 20)


def test_dense_masks_are_made_for_the_maps_they_meet():
    encoder = MaskAttnUNet(arch='tiny', input_size=(64, 64))
    neck = MaskAttnDecoder(
        encoder.out_channels, 'tiny', attention_masks=[None, None, 'dense', 'dense'], input_size=(64, 64)
    )
    assert [a.mask.map_size for a in neck.attentions if isinstance(a, MaskAttention)] == [(8, 8), (4, 4)]
    maps = neck(encoder(image((64, 64))))
    assert maps[2].shape[2:] == (8, 8)


def test_keys_are_the_same_whatever_the_masks_of_other_parts():
    full = MaskAttnDecoder([8, 16, 32], attention_masks='gate')
    plain = MaskAttnDecoder([8, 16, 32], attention_masks=None)
    assert set(plain.state_dict()) < set(full.state_dict())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(in_channels=[64]), r'in_channels is \[64\]; expected a sequence of 2 or more'),
        (dict(in_channels=[8, 16, 32], channels=(8,)), 'channels has 1 entries.*makes 2 stages'),
        (dict(in_channels=[8, 16, 32], attention_masks=['gate']), 'attention_masks has 1 entries for 2 stages'),
        (dict(in_channels=[8, 16, 32], attention_masks='soft'), "attention_masks is 'soft'; expected .*'gate'"),
        (dict(in_channels=[8, 16], attention='low'), "attention is 'low'; expected .*'low_resolution'"),
        (dict(in_channels=[8, 16, 32], strides=[1]), 'strides has 1 entries; give one for each of the 2'),
        (dict(in_channels=[8, 16], arch='large'), "arch is 'large'"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        MaskAttnDecoder(**options)


def test_another_number_of_maps_is_refused():
    with pytest.raises(ValueError, match=r'got 1 maps; in_channels \[8, 16\] names 2'):
        MaskAttnDecoder([8, 16])([torch.rand(1, 8, 16, 16)])
