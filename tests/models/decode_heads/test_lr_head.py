"""LRHead: contract under a narrow LRFormer, published sizes, output strides."""

from __future__ import annotations

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from model_contract import ModelContract, image
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import LRFormer, LRHead
from mmmaskattn.registry import MODELS

WIDTHS = (8, 16, 16, 32)
BACKBONE = dict(
    embed_dims=WIDTHS, depths=(1, 1, 1, 1), num_heads=(2, 2, 4, 4), ffn_ratios=(2, 2, 2, 2), drop_path_rate=0.0
)
STRIDE_4 = dict(in_index=[0, 1, 2, 3], q_size=16, clamp_keys=True, layer_scale_init=0.1)


def build_head(in_index=(1, 2, 3), **options) -> LRHead:
    in_channels = [WIDTHS[index] for index in in_index]
    head = dict(type='mmmaskattn.LRHead', in_channels=in_channels, in_index=list(in_index), channels=16, num_classes=5)
    return MODELS.build(dict(head, dropout_ratio=0, **options))


class Segmentor(nn.Module):
    """Image to logits, as a tuple of one."""

    def __init__(self, head: LRHead) -> None:
        super().__init__()
        self.backbone = LRFormer(**BACKBONE)
        self.head = head

    def forward(self, x):
        return (self.head(self.backbone(x)),)


class HeadContract(ModelContract):
    options: dict = {}
    stride = 8

    def build(self):
        return Segmentor(build_head(**self.options))

    def shapes(self, size):
        return [(5, *(-(-side // self.stride) for side in size))]


class TestPublishedSettings(HeadContract):
    sizes = [*ModelContract.sizes, (128, 128)]


class TestStride4(HeadContract):
    options = STRIDE_4
    stride = 4
    sizes = [*ModelContract.sizes, (128, 128)]


# Measured on the authors' head with 150 classes: channels, parameters (M), multiply-adds (G) at 512x512.
PUBLISHED = {'T': (256, 1.99, 7.48), 'S': (384, 4.36, 15.61), 'B': (512, 7.51, 26.13), 'L': (640, 11.67, 39.98)}
# Backbone and head at 1024x2048.
PUBLISHED_CITYSCAPES = {'T': 119, 'S': 290, 'B': 542, 'L': 888}


@pytest.mark.parametrize('arch', ['T', *(pytest.param(arch, marks=pytest.mark.long) for arch in 'SBL')])
def test_published_sizes(arch):
    channels, params, macs = PUBLISHED[arch]
    with torch.device('meta'):
        backbone = LRFormer(arch)
        head = LRHead(backbone.out_channels[1:], channels, num_classes=150)
        maps = [torch.empty(1, c, 128 >> i, 128 >> i) for i, c in enumerate(backbone.out_channels)]
        counted = count_complexity(head, (maps,))
        whole = count_complexity(nn.Sequential(backbone, head), torch.empty(1, 3, 1024, 2048))
    assert counted.params / 1e6 == pytest.approx(params, abs=0.01)
    assert counted.macs / 1e9 == pytest.approx(macs, rel=0.005)
    assert counted.uncounted == {}
    assert whole.macs / 1e9 == pytest.approx(PUBLISHED_CITYSCAPES[arch], rel=0.005)


@pytest.mark.parametrize('norm_cfg', [dict(type='GN', num_groups=4), dict(type='mmmaskattn.LayerNorm2d')])
def test_norms_for_small_batches(norm_cfg):
    head = build_head(norm_cfg=norm_cfg).train()
    assert not any(isinstance(m, nn.BatchNorm2d) for m in head.modules())
    maps = [torch.randn(1, c, 16 >> i, 16 >> i) for i, c in enumerate(WIDTHS)]
    head(maps).sum().backward()
    assert all(p.grad is not None for p in head.parameters())


def test_deepest_level_joins_twice():
    """The second 1x1 convolution sees the deepest level beside the head's own map."""
    head = build_head(**STRIDE_4)
    assert [join.conv.in_channels for join in head.joins] == [sum(WIDTHS), 16 + WIDTHS[-1]]


def test_loss_falls_on_one_batch():
    torch.manual_seed(0)
    model = Segmentor(build_head(**STRIDE_4)).train()
    x = image((32, 32), 2)
    truth = (x[:, :1] > x[:, 1:2]).long()
    samples = [SegDataSample(gt_sem_seg=PixelData(data=labels)) for labels in truth]
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = model.head.loss(model.backbone(x), samples, {})['loss_ce']
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_heads_must_divide_the_channels():
    with pytest.raises(ValueError, match='num_heads=3 does not divide the 16 channels'):
        build_head(num_heads=3)


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match='q_sizes'):
        build_head(q_sizes=16)
