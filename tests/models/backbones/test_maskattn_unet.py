"""The encoder: contract, variants, and the options an mmseg user expects."""

from __future__ import annotations

import pytest
import torch
from model_contract import ModelContract, image

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import MaskAttnUNet
from mmmaskattn.models.layers import LowResolutionMaskAttention, MaskAttention
from mmmaskattn.models.variants import VARIANTS, map_size_at
from mmmaskattn.registry import MODELS

SMALL = {'channels': (8, 12, 16, 16, 16), 'num_convs': (2, 1, 1, 1, 2)}


class EncoderContract(ModelContract):
    options: dict = {}

    def build(self):
        return MODELS.build(dict(type='mmmaskattn.MaskAttnUNet', **self.options))

    def shapes(self, size):
        variant = VARIANTS[self.options.get('arch', 'base')]
        widths = self.options.get('channels', variant.channels)
        stem = self.options.get('stem_stride', variant.stem_stride)
        return [(c, *map_size_at(size, stem << level)) for level, c in enumerate(widths)]


class TestTiny(EncoderContract):
    options = dict(arch='tiny')


class TestNano(EncoderContract):
    options = dict(arch='nano')


class TestSmall(EncoderContract):
    options = dict(arch='small')


class TestBase(EncoderContract):
    options = dict(arch='base')
    sizes = [*ModelContract.sizes, (128, 128), (130, 97)]


@pytest.mark.parametrize('mask', ['none', 'gate', dict(type='random', keep=0.3), dict(type='topk', k=9)])
class TestEachMask:
    def test_attends_at_every_stage_and_trains(self, mask):
        model = MaskAttnUNet(attention_masks=mask, **SMALL)
        assert sum(isinstance(m, MaskAttention) for m in model.modules()) == 5
        model(image((33, 20)))[-1].sum().backward()


class TestLowResolutionAtEveryStage(EncoderContract):
    options = dict(attention_masks='gate', attention=dict(type='low_resolution', q_size=8), **SMALL)

    def test_is_in_every_stage(self, model):
        assert all(isinstance(a, LowResolutionMaskAttention) for a in model.attentions)


class TestDenseAtEveryStage(EncoderContract):
    options = dict(attention_masks='dense', input_size=(32, 32), stem_stride=2, **SMALL)


def test_base_has_the_widths_and_sizes_of_the_paper():
    maps = MaskAttnUNet().eval()(image((128, 128)))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (64, 128, 128),
        (128, 64, 64),
        (256, 32, 32),
        (256, 16, 16),
        (256, 8, 8),
    ]


def test_no_attention_is_a_config_choice():
    model = MaskAttnUNet(attention_masks=None, **SMALL)
    assert not any(isinstance(m, MaskAttention) for m in model.modules())


def test_attention_at_named_stages_only():
    model = MaskAttnUNet(attention_masks=[None, 'topk', None, 'gate', None], **SMALL)
    assert [isinstance(m, MaskAttention) for m in model.attentions] == [False, True, False, True, False]


def test_attention_types_at_named_stages():
    attention = ['low_resolution', 'low_resolution', 'full', 'full', 'full']
    model = MaskAttnUNet(attention_masks=['gate', None, 'topk', 'gate', 'dense'], attention=attention, **SMALL)
    kinds = [LowResolutionMaskAttention, torch.nn.Identity, MaskAttention, MaskAttention, MaskAttention]
    assert [type(a) for a in model.attentions] == kinds


def test_low_resolution_attention_costs_less_on_fine_maps():
    full, low = (
        count_complexity(MaskAttnUNet(attention_masks='gate', attention=kind, **SMALL), (64, 64))
        for kind in ('full', 'low_resolution')
    )
    assert low.by_module['attentions.0'] < 0.05 * full.by_module['attentions.0']
    assert low.uncounted == {}


def test_out_indices_choose_the_maps():
    maps = MaskAttnUNet(out_indices=(1, 4), **SMALL)(image((32, 32)))
    assert [m.shape[1] for m in maps] == [12, 16]


def test_frozen_stages_neither_learn_nor_move_their_statistics():
    model = MaskAttnUNet(frozen_stages=1, **SMALL).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(image((32, 32), 2))[-1].sum().backward()
    frozen = [k for k in before if k.split('.')[1] in ('0', '1')]
    assert frozen
    for name, value in model.state_dict().items():
        if name in frozen:
            assert torch.equal(value, before[name])
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == (name in frozen)


def test_norm_eval_keeps_all_statistics():
    model = MaskAttnUNet(norm_eval=True, **SMALL).train()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model(image((32, 32), 2))
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


def test_checkpointing_gives_the_same_gradients():
    grads = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        model = MaskAttnUNet(attention_masks='gate', with_cp=with_cp, **SMALL).double()
        x = image((32, 32), 2).double().requires_grad_()
        sum(m.square().sum() for m in model(x)).backward()
        grads.append([p.grad for p in model.parameters()] + [x.grad])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize('size', [(15, 64), (64, 8)])
def test_size_under_16_is_refused(size):
    with pytest.raises(ValueError, match=rf'is {size[0]}x{size[1]} pixels .* at least 16x16.*LowResResize'):
        MaskAttnUNet(**SMALL)(image(size))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(arch='huge'), "arch is 'huge'; expected one of 'nano', 'tiny'"),
        (dict(stem_stride=4), 'stem_stride is 4; expected one of 1, 2'),
        (dict(attention_masks='tpok'), "attention_masks is 'tpok'; expected .*'topk'"),
        (dict(attention='low_resolution'), "mask 'topk' does not go with low-resolution attention"),
        (dict(attention=['full']), 'attention has 1 entries for 5 stages'),
        (dict(attention_masks=['gate', None]), 'attention_masks has 2 entries for 5 stages'),
        (dict(num_convs=(1, 1)), 'num_convs has 2 entries for 5 stages'),
        (dict(out_indices=(0, 5)), r'out_indices is \(0, 5\); it takes stages 0 to 4'),
        (dict(out_indices=(-1,)), r'out_indices is \(-1,\); expected .* at least 0'),
        (dict(out_indices=()), r'out_indices is \(\); expected a sequence of 1 or more'),
        (dict(frozen_stages=5), 'frozen_stages is 5; .*stages 0 to 4 to freeze, or -1'),
        (dict(frozen_stages=-2), 'frozen_stages is -2'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        MaskAttnUNet(**options)


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match='chanels'):
        MODELS.build(dict(type='mmmaskattn.MaskAttnUNet', chanels=(8, 8)))


@pytest.mark.parametrize('part', ['MaskAttnUNet', 'MaskAttnDecoder'])
def test_the_old_name_of_an_option_is_answered_with_the_new_one(part):
    with pytest.raises(TypeError, match=f'{part}: option masks is called attention_masks'):
        MODELS.build(dict(type=f'mmmaskattn.{part}', masks='gate'))


@pytest.mark.long
def test_compiles_with_the_default_compiler():
    model = MaskAttnUNet(channels=(8, 8), num_convs=(1, 1), attention_masks=[dict(type='topk', k=9), 'gate']).eval()
    with torch.no_grad():
        for a, b in zip(model(image((20, 31))), torch.compile(model)(image((20, 31)))):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
