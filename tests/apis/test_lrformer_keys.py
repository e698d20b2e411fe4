"""A file with the names and shapes that the authors' modules have is converted, and fits ours whole."""

from __future__ import annotations

import re

import pytest
import torch
from tool_calls import ROOT, call_tool

from mmmaskattn.analysis import build_model, read_config
from mmmaskattn.apis.lrformer_keys import convert_lrformer
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.utils.weights import load_model_weights

CLASSES = 7


def published_shapes(dims, depths, ratios, channels, classes):
    """Names and shapes of LRFormer with LRHead as its authors publish it, spelt from the description of its layers."""
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(name, *weight):
        shapes[f'{name}.weight'], shapes[f'{name}.bias'] = weight, (weight[0],)

    def batch_norm(name, width):
        layer(name, width)
        shapes.update({f'{name}.running_mean': (width,), f'{name}.running_var': (width,)})
        shapes[f'{name}.num_batches_tracked'] = ()

    def block(name, width, ratio, scaled, norm, query, key_value):
        norm(f'{name}.norm1', width)
        norm(f'{name}.norm2', width)
        query(f'{name}.attn.q', width)
        layer(key_value.format(name), 2 * width, width)
        layer(f'{name}.attn.proj', width, width)
        layer(f'{name}.attn.norm', width)
        layer(f'{name}.mlp.fc1', ratio * width, width, 1, 1)
        layer(f'{name}.mlp.conv', ratio * width, 1, 3, 3)
        layer(f'{name}.mlp.fc2', width, ratio * width, 1, 1)
        layer(f'{name}.cpe', width, 1, 3, 3)
        if scaled:
            shapes.update({f'{name}.layer_scale_{number}': (width,) for number in (1, 2)})

    first = dims[0]
    for number, (before, width) in zip((0, 3, 6), ((3, first // 2), (first // 2, first // 2), (first // 2, first))):
        layer(f'backbone.patch_embed1.conv1.{number}', width, before, 3, 3)
        batch_norm(f'backbone.patch_embed1.conv1.{number + 1}', width)
    layer('backbone.patch_embed1.conv1.9', first, first, 3, 3)
    layer('backbone.patch_embed1.norm', first)
    for stage, width in enumerate(dims, start=1):
        if stage > 1:
            layer(f'backbone.patch_embed{stage}.proj', width, dims[stage - 2], 3, 3)
            layer(f'backbone.patch_embed{stage}.norm', width)
        for pool in range(4):
            layer(f'backbone.d_convs{stage}.{pool}', width, 1, 3, 3)
        for number in range(depths[stage - 1]):
            block(
                f'backbone.block{stage}.{number}', width, ratios[stage - 1], stage > 2, layer,
                lambda name, width: layer(f'{name}.0', width, width), '{}.attn.kv.0',
            )  # fmt: skip
    for number, width in ((1, sum(dims[1:])), (2, channels + dims[-1])):
        shapes[f'decode_head.squeeze{number}.conv.weight'] = (channels, width, 1, 1)
        batch_norm(f'decode_head.squeeze{number}.bn', channels)
        block(
            f'decode_head.fuse_block{number}', channels, 4, True, batch_norm,
            lambda name, width: layer(name, width, width, 1, 1), '{}.attn.kv',
        )  # fmt: skip
    layer('decode_head.conv_seg', classes, channels, 1, 1)
    return shapes


@pytest.fixture(scope='module')
def published(tmp_path_factory):
    """A synthetic checkpoint of LRFormer-T with the published names, and its weights."""
    shapes = published_shapes((48, 96, 240, 384), (2, 2, 6, 3), (8, 8, 4, 4), 256, CLASSES)
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.zeros((), dtype=torch.int64)
        if name.endswith('tracked')
        else torch.rand(shape, generator=generator) * 0.02 + ('running_var' in name)
        for name, shape in shapes.items()
    }
    path = tmp_path_factory.mktemp('published') / 'lrformer_t.pth'
    torch.save({'state_dict': {f'module.{name}': one for name, one in weights.items()}, 'meta': {}}, path)
    return path, weights


def test_it_has_the_number_of_parameters_that_the_authors_state():
    shapes = published_shapes((48, 96, 240, 384), (2, 2, 6, 3), (8, 8, 4, 4), 256, 150)
    counted = {
        part: sum(
            torch.Size(shape).numel() for name, shape in shapes.items()
            if name.startswith(part) and not re.search('running|tracked', name)
        )
        for part in ('backbone.', 'decode_head.')
    }  # fmt: skip
    assert round(counted['backbone.'] / 1e6, 2) == 11.27
    assert round(counted['decode_head.'] / 1e6, 2) == 1.99


def test_every_weight_finds_its_place(published):
    path, weights = published
    converted, arch, classes = convert_lrformer(path)
    assert (arch, classes) == ('T', CLASSES)
    assert len(converted) == sum(not name.endswith('tracked') for name in weights)
    assert torch.equal(
        converted['backbone.stages.2.blocks.5.attention.key_value.weight'],
        weights['backbone.block3.5.attn.kv.0.weight'],
    )
    assert torch.equal(converted['backbone.stages.0.embed.norm3.bias'], weights['backbone.patch_embed1.conv1.7.bias'])
    assert torch.equal(
        converted['backbone.stages.3.blocks.2.ffn_scale.weight'], weights['backbone.block4.2.layer_scale_2']
    )
    query = weights['decode_head.fuse_block2.attn.q.weight']
    assert torch.equal(converted['decode_head.blocks.1.attention.query.weight'], query[:, :, 0, 0])


def test_by_the_command_a_segmentor_loads_whole_and_is_not_overwritten(published, tmp_path):
    path, out = published[0], tmp_path / 'ours.safetensors'
    done = call_tool('model_converters/lrformer.py', path, '--out', out)
    assert done.stdout.startswith(f'{out}: LRFormer-T, with LRHead, {CLASSES} classes, '), done.stderr
    assert call_tool('model_converters/lrformer.py', path, '--out', out).returncode == 1
    options = {'num_classes': CLASSES}
    model = build_model(read_config(ROOT / 'configs/lrformer/ade20k_semantic_512_lrformer_t.py', options))
    load_model_weights(model, out)
    assert torch.equal(model.decode_head.conv_seg.weight, published[1]['decode_head.conv_seg.weight'])


def test_a_backbone_begins_a_training(published, tmp_path):
    out = tmp_path / 'backbone.safetensors'
    done = call_tool('model_converters/lrformer.py', published[0], '--out', out, '--backbone-only')
    assert 'the backbone alone' in done.stdout, done.stderr
    backbone = LRFormer('T', init_cfg=dict(type='Pretrained', checkpoint=str(out)))
    backbone.init_weights()
    found = backbone.stages[1].embed.conv.weight
    assert torch.equal(found, published[1]['backbone.patch_embed2.proj.weight'])


def test_what_is_no_lrformer_is_refused(published, tmp_path):
    _, weights = published
    other = tmp_path / 'other.pth'
    torch.save({**weights, 'decode_head.query_feat.weight': torch.zeros(1)}, other)
    with pytest.raises(ValueError, match=r'decode_head\.query_feat|query_feat\.weight is no weight of LRFormer'):
        convert_lrformer(other)
    assert convert_lrformer(other, backbone_only=True)[1:] == ('T', None)
    torch.save({**weights, 'backbone.block1.0.cpe.weight': torch.zeros(48, 1, 5, 5)}, other)
    with pytest.raises(ValueError, match=r'position\.weight has shape \(48, 1, 5, 5\); expected \(48, 1, 3, 3\)'):
        convert_lrformer(other)
