"""LRFormer: contract, published sizes, options."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import MODELS as ROOT_MODELS
from model_contract import ModelContract, image
from torch import nn

from mmmaskattn.analysis import count_complexity
from mmmaskattn.models import LRFormer
from mmmaskattn.models.backbones.lrformer import LRFORMER_VARIANTS, drop_path_rates
from mmmaskattn.models.layers import LowResolutionBlock
from mmmaskattn.registry import MODELS

NARROW = dict(
    embed_dims=(8, 16, 16, 32), depths=(1, 2, 1, 1), num_heads=(2, 2, 4, 4), ffn_ratios=(2, 2, 2, 2), drop_path_rate=0.0
)
SMALL_IMAGES = dict(q_pooled_sizes=(8, 8, 8, 4), clamp_keys=True, layer_scale_init=0.1)


class LRFormerContract(ModelContract):
    options: dict = {}

    def build(self):
        return MODELS.build(dict(type='mmmaskattn.LRFormer', **NARROW, **self.options))

    def shapes(self, size):
        return [(c, *(-(-side // (4 << level)) for side in size)) for level, c in enumerate(NARROW['embed_dims'])]


class TestPublishedSettings(LRFormerContract):
    sizes = [*ModelContract.sizes, (128, 128), (130, 97)]


class TestSettingsForSmallImages(LRFormerContract):
    options = SMALL_IMAGES
    sizes = [*ModelContract.sizes, (128, 128), (130, 97)]


# Measured on the authors' modules: parameters (M) and multiply-adds (G) at 512x512, attention products counted.
PUBLISHED = {'T': (11.27, 9.07), 'S': (27.86, 24.10), 'B': (59.99, 48.23), 'L': (99.31, 81.38), 'XL': (184.72, 164.0)}


@pytest.mark.long
@pytest.mark.parametrize('arch', PUBLISHED)
def test_variants_have_the_published_sizes(arch):
    """On the meta device: shapes without numbers."""
    with torch.device('meta'):
        model = LRFormer(arch)
        counted = count_complexity(model, torch.empty(1, 3, 512, 512))
    params, macs = PUBLISHED[arch]
    assert counted.params / 1e6 == pytest.approx(params, abs=0.01)
    assert counted.macs / 1e9 == pytest.approx(macs, rel=0.005)
    assert counted.uncounted == {}
    assert counted.params_read == counted.params


@pytest.mark.parametrize(
    ('options', 'giga'),
    [(dict(), 1.65), (dict(q_pooled_sizes=(8, 8, 8, 4)), 0.64), (dict(q_pooled_sizes=(4, 4, 4, 4)), 0.55)],
)
def test_cost_at_128_is_close_to_the_authors_code(options, giga):
    """Less with 16s: their grid of 16 repeats the 8x8 and 4x4 maps, ours does not."""
    with torch.device('meta'):
        counted = count_complexity(LRFormer('T', **options), torch.empty(1, 3, 128, 128))
    assert counted.macs / 1e9 <= giga + 0.005
    if options:
        assert counted.macs / 1e9 == pytest.approx(giga, rel=0.02)


def test_layer_scale_is_in_the_third_and_fourth_stage_alone():
    model = LRFormer(**NARROW, layer_scale_init=0.25)
    scales = [name for name, _ in model.named_parameters() if '_scale' in name]
    assert {name.split('.')[1] for name in scales} == {'2', '3'}
    assert len(scales) == 2 * 2
    assert all((model.get_parameter(name) == 0.25).all() for name in scales)
    assert not [name for name, _ in LRFormer(**NARROW, layer_scale_init=None).named_parameters() if '_scale' in name]


def test_xl_alone_has_batch_norms_between_blocks():
    with torch.device('meta'):
        models = {arch: LRFormer(arch) for arch in LRFORMER_VARIANTS}
    entries = {
        arch: [
            name
            for name, module in model.named_modules()
            if isinstance(module, LowResolutionBlock) and not isinstance(module.entry_norm, nn.Identity)
        ]
        for arch, model in models.items()
    }
    assert entries.pop('XL') == ['stages.2.blocks.7', 'stages.2.blocks.15']
    assert not any(entries.values())


def test_paths_are_dropped_more_the_deeper():
    rates = [
        getattr(m.drop_path, 'drop_prob', 0.0) for m in LRFormer('T').modules() if isinstance(m, LowResolutionBlock)
    ]
    assert rates == pytest.approx([0.1 * i / 12 for i in range(13)])
    assert drop_path_rates(0.3, 1) == [0.0]


def test_blocks_of_a_stage_share_the_convolutions_of_their_keys():
    model = LRFormer(**NARROW)
    names = [name for name in model.state_dict() if 'grids' in name and name.endswith('weight')]
    assert names == [f'stages.{stage}.grids.convs.{pool}.weight' for stage in range(4) for pool in range(4)]


def test_weights_are_initialised():
    torch.manual_seed(0)
    model = LRFormer('T')
    model.init_weights()
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    assert linear
    for module in linear:
        assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
        assert not module.bias.any()
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            assert (module.weight == 1).all()


def test_pretrained_weights_are_loaded(tmp_path):
    torch.manual_seed(0)
    source = LRFormer(**NARROW)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'weights.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth'))
    model = LRFormer(**NARROW, init_cfg=init_cfg)
    model.init_weights()
    for name, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[name], value)


def test_out_indices_choose_the_maps():
    maps = LRFormer(**NARROW, out_indices=(0, 3))(image((32, 32)))
    assert [m.shape[1] for m in maps] == [8, 32]


def test_three_stages_are_a_choice():
    model = LRFormer(embed_dims=(48, 96, 240), out_indices=(0, 1, 2))
    assert [tuple(m.shape[1:]) for m in model.eval()(image((64, 48)))] == [(48, 16, 12), (96, 8, 6), (240, 4, 3)]


def test_frozen_stages_neither_learn_nor_move_their_statistics():
    model = LRFormer(**NARROW, frozen_stages=1).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(image((32, 32), 2))[-1].sum().backward()
    frozen = [k for k in before if k.split('.')[1] in ('0', '1')]
    assert any('running_mean' in k for k in frozen)
    for name in frozen:
        assert torch.equal(model.state_dict()[name], before[name])
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == (name in frozen)


def test_norm_eval_keeps_all_statistics():
    model = LRFormer(**NARROW, norm_eval=True).train()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model(image((32, 32), 2))
    assert before
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


@pytest.mark.parametrize('size', [(15, 64), (64, 8)])
def test_size_under_16_is_refused(size):
    with pytest.raises(ValueError, match=rf'LRFormer is {size[0]}x{size[1]} pixels .* at least 16x16.*LowResResize'):
        LRFormer(**NARROW)(image(size))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(arch='M'), "arch is 'M'; expected one of 'T', 'S', 'B', 'L', 'XL'"),
        (dict(depths=(1, 2)), 'depths has 2 entries for 4 stages'),
        (dict(q_pooled_sizes=(8, 8)), 'q_pooled_sizes has 2 entries for 4 stages'),
        (dict(pyramids=[(4, 2)]), 'pyramids has 1 entries for 4 stages'),
        (dict(num_heads=(5, 4, 10, 16)), 'num_heads=5 does not divide the 48 channels'),
        (dict(out_indices=(0, 4)), r'out_indices is \(0, 4\); it takes stages 0 to 3'),
        (dict(frozen_stages=4), 'frozen_stages is 4; .*stages 0 to 3 to freeze, or -1'),
        (dict(frozen_stages=-2), 'frozen_stages is -2'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        LRFormer(**options)


@pytest.mark.parametrize('name', ['checkpoint', 'q_pool_ratios'])
def test_arguments_that_the_published_code_swallows_are_refused(name):
    with pytest.raises(TypeError, match=name):
        ROOT_MODELS.build(dict(type='mmmaskattn.LRFormer', **{name: 1}))
