"""Bases by name, names of configs, and the classes of a task in every kind of head."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.utils.configs import (
    auxiliary_class_heads,
    auxiliary_heads,
    base_configs,
    config_name,
    distinct_names,
    with_classes,
    with_rate,
)

CONFIGS = Path(__file__).parents[2] / 'configs'


def base(model: str, task: str) -> dict:
    """What a leaf that names them sees as ``_base_``."""
    parts = [Config.fromfile(path).to_dict() for path in base_configs(f'models/{model}.py', f'tasks/{task}.py')]
    return {**parts[0], **parts[1]}


def test_bases_are_those_of_the_checkout():
    (path,) = base_configs('tasks/camvid_semantic_128.py')
    assert Path(path).samefile(CONFIGS / '_base_/tasks/camvid_semantic_128.py')


def test_a_base_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r'_base_/models/maskattn_unet_huge\.py'):
        base_configs('models/maskattn_unet_huge.py')


def test_peers_are_named_with_their_folder():
    assert config_name('configs/peers/segnext_t/coco_semantic_128.py') == 'coco_semantic_128_segnext_t'
    assert config_name('configs/maskattn/coco_semantic_128_tiny.py') == 'coco_semantic_128_tiny'
    assert config_name('mine.py') == 'mine'
    names = distinct_names(['a/mine.py', 'b/mine.py', 'b/other.py'])
    assert names == ['a/mine.py', 'b/mine.py', 'other']


def test_all_leaves_have_names_of_their_own():
    names = [config_name(path) for path in CONFIGS.rglob('*.py') if not {'_base_', 'your_data'} & set(path.parts)]
    assert len(set(names)) == len(names) > 100


def test_heads_in_lists_get_the_classes_too():
    model = with_classes(base('bisenetv2', 'camvid_semantic_128'))
    assert [head['num_classes'] for head in (model['decode_head'], *model['auxiliary_head'])] == [11] * 5


def test_every_coarser_map_of_a_decoder_gets_a_head():
    heads = auxiliary_heads((24, 48, 104), loss_weight=0.3)
    assert [(head['in_index'], head['in_channels']) for head in heads] == [(1, 48), (2, 104)]
    assert {head['loss_decode']['loss_weight'] for head in heads} == {0.3}
    classes = auxiliary_class_heads((24, 48, 104), loss_weight=0.3)
    assert [(head['in_index'], head['in_channels']) for head in classes] == [(1, 48), (2, 104)]
    assert {head['loss_semantic']['loss_weight'] for head in classes} == {0.3}


@pytest.mark.parametrize(
    ('init_cfg', 'rate'),
    [(dict(type='Pretrained', checkpoint='x.pth'), 1e-3), (None, 2e-3), (dict(type='Xavier'), 2e-3)],
)
def test_trained_weights_halve_the_rate(init_cfg, rate):
    given = dict(model=dict(backbone=dict(init_cfg=init_cfg)), optim_wrapper=dict(optimizer=dict(lr=2e-3)))
    assert with_rate(given) == dict(optimizer=dict(lr=rate))


def test_weights_of_classes_are_as_many_and_one_for_no_object():
    model = with_classes(base('mask2former_r50_panoptic', 'cityscapes_panoptic_128'))
    head, fusion = model['panoptic_head'], model['panoptic_fusion_head']
    assert [part[f'num_{kind}_classes'] for part in (head, fusion) for kind in ('things', 'stuff')] == [8, 11] * 2
    assert head['loss_cls']['class_weight'] == [1.0] * 19 + [0.1]


def test_a_head_without_stuff_stays_without():
    """The instance tasks have one kind of stuff, the background, which Mask2Former does not learn."""
    head = with_classes(base('mask2former_r50_instance', 'cityscapes_instance_128'))['panoptic_head']
    assert (head['num_things_classes'], head['num_stuff_classes']) == (8, 0)
    assert head['loss_cls']['class_weight'] == [1.0] * 8 + [0.1]


def test_changes_are_merged_and_the_base_stays():
    given = base('mask_rcnn_r50', 'dsb2018_instance_128')
    model = with_classes(given, test_cfg=dict(rcnn=dict(max_per_img=400)))
    assert model['roi_head']['bbox_head']['num_classes'] == model['roi_head']['mask_head']['num_classes'] == 1
    assert model['test_cfg']['rcnn'] == {**given['model']['test_cfg']['rcnn'], 'max_per_img': 400}
    assert given['model']['roi_head']['bbox_head']['num_classes'] == 80


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        (dict(model=dict(num_classes=2)), 'name one of configs/_base_/tasks'),
        (dict(model=dict(neck=dict(channels=3)), num_classes=2), "none of \\['num_classes'\\]"),
    ],
)
def test_what_does_not_fit_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        with_classes(given)
