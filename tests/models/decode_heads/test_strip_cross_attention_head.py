"""The decode head: contract over our encoder, sizes against the estimates, backbones of the zoo, mmseg's training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.backbones import MixVisionTransformer, ResNet
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_contract import ModelContract, image, seeded
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import LRFormer, MaskAttnUNet, StripCrossAttentionHead
from mmmaskattn.models.variants import map_size_at

PAGE = Path(__file__).parents[3] / 'docs/explanation/scaseg.md'
NORM = dict(type='mmmaskattn.CrossProcessBN')
SMALL = (32, 64, 160, 256)
LARGE = (64, 128, 256, 512)


def head(in_channels, **options) -> StripCrossAttentionHead:
    cfg = dict(type='mmmaskattn.StripCrossAttentionHead', in_channels=list(in_channels), norm_cfg=NORM, num_classes=7)
    return MODELS.build(cfg | options)


def pyramid(channels, size, stride=4, batch=1):
    sizes = [map_size_at(size, stride << level) for level in range(len(channels))]
    return [torch.randn(batch, c, *s, generator=seeded(c)) for c, s in zip(channels, sizes)]


class Segmenter(nn.Module):
    """Image to logits, as a tuple of one map."""

    def __init__(self, **options) -> None:
        super().__init__()
        self.backbone = MaskAttnUNet(arch='tiny', channels=(8, 12, 16, 16, 20))
        self.head = head(self.backbone.out_channels, channels=16, **options)

    def forward(self, x):
        return (self.head(self.backbone(x)),)


class HeadContract(ModelContract):
    options: dict = {}

    def build(self):
        return Segmenter(**self.options)

    def shapes(self, size):
        return [(7, *map_size_at(size, 2))]


class TestDefault(HeadContract):
    sizes = [*ModelContract.sizes, (128, 128), (96, 128), (64, 64)]


class TestVanillaPlainPooled(HeadContract):
    options = dict(strip_dim=None, perception='plain', max_queries=64, key_reduction=8)


class TestNoPerception(HeadContract):
    options = dict(perception=None, scale='head')


# Estimated parameters (M), MMACs at 128x128 and GMACs at 512x512: a fused map of 128 channels, 150 classes,
# feed-forward ratio 4, keys at stride 32.
ESTIMATES = [
    (SMALL, (1, 2, 5, 8), None, (1.73, 149, 2.88)),
    (SMALL, (1, 2, 5, 8), 1, (1.38, 140, 2.49)),
    (LARGE, (1, 2, 4, 8), None, (5.87, 357, 6.65)),
    (LARGE, (1, 2, 4, 8), 1, (4.62, 324, 5.66)),
]
WITH_PERCEPTION = {SMALL: (1.58, 150, 2.65), LARGE: (5.33, 358, 6.21)}


def saved_by_fusing_late(channels, size):
    """MACs of a 1x1 convolution to 128 channels at the finest size, less those at each level's own size."""
    pixels = [(size // 4 >> level) ** 2 for level in range(4)]
    return sum(128 * c * (pixels[0] - own) for c, own in zip(channels, pixels))


def shown(channels, strip_dim, perception):
    """Row of the sizes in docs/explanation/scaseg.md: parameters (M), MMACs with the estimate's fusion, and ours."""
    kind = f'{"strip" if strip_dim else "vanilla"}, {perception or "none"}'
    start = f'| {", ".join(map(str, channels))} | {kind} |'
    (row,) = [line for line in PAGE.read_text(encoding='utf-8').splitlines() if line.startswith(start)]
    cells = [cell.strip().removesuffix(' M') for cell in row.strip('|').split('|')]
    return cells[3], cells[5], cells[6]


def measured(channels, heads, strip_dim, perception):
    """Parameters and MACs with the fusion as estimated; ours does the same with fewer products (test_level_fusion)."""
    model = head(
        channels, num_heads=heads, strip_dim=strip_dim, perception=perception, key_reduction=8, num_classes=150
    )
    macs = []
    for size in (128, 512):
        result = count_complexity(model, (pyramid(channels, (size, size)),))
        assert result.uncounted == {}
        macs.append(result.macs + saved_by_fusing_late(channels, size))
    ours = macs[0] - saved_by_fusing_late(channels, 128)
    counted = (f'{result.params / 1e6:.3f}', f'{macs[0] / 1e6:.1f}', f'{ours / 1e6:.1f}')
    assert counted == shown(channels, strip_dim, perception)
    return result.params / 1e6, macs[0] / 1e6, macs[1] / 1e9


@pytest.mark.parametrize(('channels', 'heads', 'strip_dim', 'estimate'), ESTIMATES)
def test_size_is_the_estimated_one(channels, heads, strip_dim, estimate):
    params, at_128, at_512 = measured(channels, heads, strip_dim, None)
    assert params == pytest.approx(estimate[0], abs=0.02)
    assert at_128 == pytest.approx(estimate[1], rel=0.03)
    assert at_512 == pytest.approx(estimate[2], rel=0.03)


@pytest.mark.parametrize(('channels', 'heads'), [(SMALL, (1, 2, 5, 8)), (LARGE, (1, 2, 4, 8))])
def test_size_with_perception_lies_around_the_estimate(channels, heads):
    """The estimate has two 1x1 convolutions in the perception; ours have one (plain) and three (gated)."""
    plain, gated = (measured(channels, heads, 1, kind) for kind in ('plain', 'gated'))
    for low, high, estimate in zip(plain, gated, WITH_PERCEPTION[channels]):
        assert low < estimate < high
        assert (low + high) / 2 == pytest.approx(estimate, rel=0.03)
    assert (plain[0] + gated[0]) / 2 == pytest.approx(WITH_PERCEPTION[channels][0], abs=0.02)


def test_strips_halve_the_attention():
    attention = {}
    for strip_dim in (1, None):
        model = head(SMALL, num_heads=(1, 2, 5, 8), strip_dim=strip_dim, key_reduction=8)
        by_module = count_complexity(model, (pyramid(SMALL, (128, 128)),)).by_module
        attention[strip_dim] = sum(macs for name, macs in by_module.items() if name.endswith('.attention'))
    assert 0.45 < attention[1] / attention[None] < 0.55


def mit():
    return MixVisionTransformer(embed_dims=32, num_layers=[1] * 4, num_heads=[1, 2, 5, 8])


@pytest.mark.parametrize('size', [(128, 128), (96, 128), (64, 64), (65, 49)])
def test_takes_a_mit(size):
    maps = mit().eval()(image(size))
    assert head(SMALL).eval()(maps).shape == (1, 7, *map_size_at(size, 4))


@pytest.mark.parametrize('dilated', [False, True])
def test_takes_a_resnet(dilated):
    strides = (1, 2, 1, 1) if dilated else (1, 2, 2, 2)
    backbone = ResNet(18, strides=strides, dilations=(1, 1, 1, 1))
    backbone.eval()
    assert head((64, 128, 256, 512), num_heads=8).eval()(backbone(image((64, 96)))).shape == (1, 7, 16, 24)


@pytest.mark.parametrize(
    'channels', [(48, 96, 240, 384), (64, 128, 320, 512), (80, 160, 400, 512), (96, 192, 480, 640)]
)
def test_takes_the_widths_of_lrformer(channels):
    assert head(channels).eval()(pyramid(channels, (64, 64))).shape == (1, 7, 16, 16)


def test_takes_an_lrformer():
    backbone = LRFormer(arch='T').eval()
    assert head((48, 96, 240, 384)).eval()(backbone(image((64, 96)))).shape == (1, 7, 16, 24)


def test_takes_five_maps_from_stride_1_on_with_pooled_queries():
    backbone = MaskAttnUNet(channels=(8, 8, 16, 16, 16), num_convs=(1,) * 5).eval()
    model = head(backbone.out_channels, key_reduction=16, max_queries=4096).eval()
    assert model(backbone(image((128, 128)))).shape == (1, 7, 128, 128)


def test_maps_are_chosen_by_index():
    maps = pyramid((8, 16, 24, 32), (64, 64))
    assert head((16, 32), in_index=[1, 3]).eval()(maps).shape[2:] == (8, 8)
    assert head((8, 16)).in_index == [0, 1]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_heads=5), 'num_heads=5 does not divide the 32 channels'),
        (dict(num_heads=(4, 4)), 'num_heads has 2 entries for 4 maps'),
        (dict(strip_dim=9), 'strip_dim is 9; expected 1 to 8'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        head(SMALL, **options)


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match='strip_dims'):
        head(SMALL, strip_dims=1)


def test_learns_in_mmsegs_loss():
    torch.manual_seed(0)
    model = head((8, 16, 24, 32), channels=16, num_classes=3, drop_path_rate=0.0, dropout_ratio=0.0)
    maps = pyramid((8, 16, 24, 32), (32, 32), batch=4)
    labels = torch.randint(0, 3, (4, 1, 4, 4), generator=seeded()).repeat_interleave(8, 2).repeat_interleave(8, 3)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in labels]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = model.loss(maps, samples, {})['loss_ce']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
