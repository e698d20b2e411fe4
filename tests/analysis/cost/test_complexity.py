"""Whole modules: attribution, parameters, which forward is counted, our attention, the report."""

from __future__ import annotations

import json

import pytest
import torch
from mmcv.ops import DeformConv2dPack, RoIAlign
from mmengine.model import BaseModel
from torch import nn

from mmmaskattn.analysis.cost.complexity import Complexity, as_dict, count_complexity, report
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet
from mmmaskattn.models.layers.mask_attention import MaskAttention
from mmmaskattn.models.necks.maskattn_decoder import MaskAttnDecoder


class TwoLevelUNet(nn.Module):
    """A U-Net small enough to count by hand."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.deep = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.fuse = nn.Conv2d(16, 8, 3, padding=1)
        self.classify = nn.Conv2d(8, 5, 1)

    def forward(self, image):
        fine = self.down(image)
        return self.classify(self.fuse(torch.cat([fine, self.up(self.deep(fine))], dim=1)))


def test_unet_by_hand():
    model = TwoLevelUNet()
    result = count_complexity(model, (32, 24))
    fine, coarse = 32 * 24, 16 * 12
    by_hand = {
        'down': fine * 8 * 27,
        'deep': coarse * 16 * 72,
        'up': coarse * 16 * 8 * 4,
        'fuse': fine * 8 * 144,
        'classify': fine * 5 * 8,
    }
    assert {name: result.by_module[name] for name in by_hand} == by_hand
    assert result.by_module['deep.1'] == by_hand['deep']
    assert result.by_module[''] == result.macs == sum(by_hand.values())
    assert result.params_by_module['deep'] == 8 * 16 * 9 + 16
    assert result.params == result.params_read == sum(p.numel() for p in model.parameters())


def test_batch_and_channels_scale_the_count():
    convolution = nn.Conv2d(1, 4, 3, padding=1)
    one = count_complexity(convolution, (1, 16, 16)).macs
    assert one == 16 * 16 * 4 * 9
    assert count_complexity(convolution, torch.randn(6, 1, 16, 16)).macs == 6 * one


def test_the_model_is_left_as_it_was():
    model = TwoLevelUNet().train()
    model.deep.eval()
    count_complexity(model, (16, 16))
    assert model.training
    assert not model.deep[1].training
    assert torch.backends.mha.get_fastpath_enabled()
    assert all('forward' not in vars(module) for module in model.modules())


def test_a_shared_module_counts_each_time_but_its_parameters_once():
    layer = nn.Linear(8, 8, bias=False)
    result = count_complexity(nn.Sequential(layer, layer), torch.randn(1, 8))
    assert (result.macs, result.params, result.params_read) == (128, 64, 64)


class Heads(BaseModel):
    """An mmengine model whose two forwards use different parts; ``broken`` ones raise."""

    def __init__(self, broken=()):
        super().__init__()
        self.broken = broken
        self.trunk, self.mask, self.auxiliary = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 3)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode in self.broken:
            raise TypeError(f'{mode} is broken')
        assert data_samples[0].metainfo['img_shape'] == tuple(inputs.shape[-2:])
        features = self.trunk.forward(inputs)  # as mmdet does, past the hooks
        return self.mask(features) if mode == 'predict' else features


def test_auto_takes_the_forward_that_reads_more_weights():
    result = count_complexity(Heads(), (8, 8))
    assert result.forward == 'predict'
    assert result.by_module['trunk'] == 64 * 12
    assert result.macs == 64 * 12 + 64 * 8
    assert result.params - result.params_read == 4 * 2 * 9 + 2


def test_forward_can_be_chosen_and_failure_tells_both_reasons():
    assert count_complexity(Heads(), (8, 8), forward='tensor').macs == 64 * 12
    assert count_complexity(Heads(broken=['predict']), (8, 8)).forward == 'tensor'
    with pytest.raises(RuntimeError, match=r'tensor is broken.*predict is broken'):
        count_complexity(Heads(broken=['tensor', 'predict']), (8, 8))
    with pytest.raises(ValueError, match="'loss'"):
        count_complexity(Heads(), (8, 8), forward='loss')


@pytest.mark.parametrize('shape', [(128,), (0, 8), (1, 2, 3, 4)])
def test_a_bad_shape_is_refused(shape):
    with pytest.raises(ValueError, match='expected'):
        count_complexity(nn.Identity(), shape)


def test_compiled_operators_of_mmcv_are_counted_or_told():
    """On the CPU deformable convolution multiplies through ATen, RoI align interpolates on its own."""
    deformable = DeformConv2dPack(4, 6, 3, padding=1)
    result = count_complexity(deformable, (4, 10, 8))
    assert result.macs == 80 * (6 + 2 * 9) * 4 * 9
    assert result.uncounted == {}
    align = RoIAlign(7)
    result = count_complexity(align, (torch.randn(1, 4, 16, 16), torch.tensor([[0.0, 1.0, 1.0, 9.0, 9.0]])))
    assert result.uncounted == {'mmcv::roi_align_forward': 1}


@pytest.mark.parametrize(
    ('mask', 'keys', 'scored'),
    [
        ('none', 192, False),
        ('dense', 192, False),
        ('gate', 192, True),
        (dict(type='topk', k=32), 32, True),
        (dict(type='random', keep=1 / 6), 32, False),
    ],
)
def test_mask_attention_by_hand(mask, keys, scored):
    """Eqs. 1 and 2: N^2 for the full masks, N*K for the binary ones."""
    channels, tokens, ratio = 16, 16 * 12, 2
    module = MaskAttention(channels, (16, 12), num_heads=4, mask=mask, ffn_ratio=ratio)
    result = count_complexity(module, torch.randn(1, channels, 16, 12))
    linear = channels**2 * (2 * tokens + 2 * keys + 2 * ratio * tokens) + scored * tokens * channels
    assert result.macs == linear + 2 * tokens * keys * channels
    assert result.uncounted == {}


@pytest.mark.parametrize('arch', ['nano', 'tiny', 'small', 'base'])
def test_our_trunks_leave_nothing_uncounted(arch):
    backbone = MaskAttnUNet(arch=arch)
    with torch.no_grad():
        widths = [x.shape[1] for x in backbone.eval()(torch.randn(1, 3, 64, 64))]
    model = nn.Sequential(backbone, MaskAttnDecoder(in_channels=widths, arch=arch))
    result = count_complexity(model, (64, 64))
    assert result.uncounted == {}
    assert result.params_read == result.params == sum(p.numel() for p in model.parameters())
    assert result.by_module['0'] + result.by_module['1'] == result.macs > 0


class Head(nn.Module):
    """A head with work of its own beside that of its child."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(3, 4, 1))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        y = self.inner(x).flatten(2)
        return y @ y.transpose(1, 2)


def rows(text):
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('|')]


def test_the_table_adds_up_and_depth_limits_it():
    result = count_complexity(Head(), (10, 100))
    text = report(result, (10, 100), '--shape', depth=1)
    assert [row[0] for row in rows(text)[2:]] == ['(model)', 'inner', 'unused', '(in no child)']
    assert [row[2] for row in rows(text)[2:]] == ['100.0', '42.9', '0.0', '57.1']  # 12 and 16 MACs a pixel
    assert 'inner.0' in report(result, (10, 100), '--shape', depth=2)
    assert '1 x 3 x 10 x 100 (H, W from --shape)' in text
    assert '0.000 M, 0.000 M of them read' in text


def test_what_could_not_be_counted_is_told_with_its_calls():
    result = Complexity(by_module={'': 0}, params_by_module={'': 0}, uncounted={'b': 1, 'a': 2})
    assert 'could not count: a x2, b x1' in report(result, (8, 8), '')
    assert 'could not count: nothing' in report(count_complexity(Head(), (8, 8)), (8, 8), '')


def test_the_dictionary_is_plain_data_in_units():
    data = json.loads(json.dumps(as_dict(count_complexity(Head(), (10, 100)), (10, 100), 'here', depth=1)))
    assert data['macs'] == 28000
    assert data['flops'] == 56000
    assert data['by_module'] == {
        '': dict(macs=28000, params=22),
        'inner': dict(macs=12000, params=16),
        'unused': dict(macs=0, params=6),
    }
    assert data['params_read'] == 16
