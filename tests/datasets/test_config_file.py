"""Settings from the command line: what is set has its effect in every part, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.datasets.config_file import check_values, read_config_file, set_options
from mmmaskattn.datasets.input_size import parts_of_type, sized_transforms

ROOT = Path(__file__).parents[2]
SEMANTIC = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'
PANOPTIC = ROOT / 'configs/maskattn/coco_panoptic_128_tiny.py'
CUSTOM = ROOT / 'configs/your_data/semantic_128.py'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def test_data_root_reaches_every_data_set():
    cfg = read_config_file(PANOPTIC, {'data_root': '/elsewhere'})
    assert {cfg[loader].dataset.data_root for loader in LOADERS} == {'/elsewhere'}
    assert cfg.train_dataloader.dataset.ann_file == 'annotations/panoptic_train2017.json'


def test_data_root_reaches_files_that_evaluators_name():
    part = dict(dataset=dict(data_root='data/coco/', ann_file='a.json'))
    cfg = Config(dict(test_dataloader=part, test_evaluator=dict(ann_file='data/coco/a.json', name='data/cocoon')))
    set_options(cfg, {'data_root': '/new'})
    assert cfg.test_dataloader.dataset.data_root == '/new'
    assert cfg.test_evaluator == dict(ann_file='/new/a.json', name='data/cocoon')


def test_data_root_of_two_sets_is_refused():
    sets = dict(type='ConcatDataset', datasets=[dict(data_root='a'), dict(data_root='b')])
    cfg = Config(dict(train_dataloader=dict(dataset=sets)))
    with pytest.raises(ValueError, match=r"data_root=c: found data in \['a', 'b'\]"):
        set_options(cfg, {'data_root': 'c'})


@pytest.mark.parametrize(('given', 'wanted'), [(64, (64, 64)), ([64, 48], (64, 48))])
def test_image_size_reaches_every_pipeline(given, wanted):
    cfg = read_config_file(SEMANTIC, {'image_size': given})
    for name in (*LOADERS, 'tta_pipeline'):
        sizes = [tuple(transform['size']) for transform in sized_transforms(cfg[name])]
        assert sizes
        assert set(sizes) == {wanted}


def test_image_size_equals_that_of_a_config_made_for_it():
    made = Config.fromfile(ROOT / 'configs/maskattn/ade20k_semantic_64.py')
    cfg = read_config_file(ROOT / 'configs/maskattn/ade20k_semantic_128.py', {'image_size': 64})
    for name in (*LOADERS, 'tta_pipeline', 'model'):
        assert cfg[name] == made[name]


def test_num_classes_reaches_the_model_and_the_check_of_labels():
    cfg = read_config_file(SEMANTIC, {'num_classes': 7})
    assert cfg.model.decode_head.num_classes == 7
    assert {one['num_classes'] for name in LOADERS for one in parts_of_type(cfg[name], ('CheckSegMap',))} == {7}


def test_things_and_stuff_reach_the_model():
    cfg = read_config_file(PANOPTIC, {'num_things': 5})
    assert (cfg.model.segment_head.num_things, cfg.model.segment_head.num_stuff) == (5, 53)


def test_names_that_are_other_in_number_are_refused_unless_they_are_set_too():
    with pytest.raises(ValueError, match=r'num_classes=2: train_dataloader.dataset.metainfo names 3'):
        read_config_file(CUSTOM, {'num_classes': 2})
    names = {f'{loader}.dataset.metainfo.classes': ['a', 'b'] for loader in LOADERS}
    cfg = read_config_file(CUSTOM, {'num_classes': 2, **names})
    assert cfg.model.decode_head.num_classes == 2


@pytest.mark.parametrize(
    ('option', 'value', 'message'),
    [
        ('vis_backends', [1], r'changes nothing.*set it where it stands: visualizer\.vis_backends'),
        ('load_labels', [1], r'changes nothing'),
        ('dataset.type', 'x', r'changes nothing'),
        ('data_preprocessor.size_divisor', 2, r'did you mean model\.data_preprocessor\.size_divisor\?'),
        ('imagesize', 64, r'nothing reads it; did you mean image_size\?'),
        ('image_size.0', 64, r'leave \.0 out'),
        ('optim_wraper.x', 1, r'did you mean optim_wrapper\?'),
        ('optim_wrapper.optimizer.momentums', 1, r'\(AdamW\) takes no momentums'),
        ('optim_wrapper.clipgrad', 1, r'did you mean clip_grad\?'),
        ('train_cfg.max_epoch', 1, r'did you mean max_epochs\?'),
        ('default_hooks.checkpoint.max_keep_ckpt', 1, r'did you mean max_keep_ckpts\?'),
        ('model.test_cfg.mod', 'x', r'did you mean mode\?'),
        ('model.neck', 3, r'holds several settings'),
        ('randomness.sed', 3, r'did you mean seed\?'),
        ('param_scheduler.7.begin', 3, r'is a list; expected 0 to 1, found 7'),
        ('optim_wrapper.optimizer.type', 'Adan', r'there is no Adan; did you mean Adam'),
        ('num_classes', True, r'expected a whole number from 1'),
        ('num_things', 3, r'did you mean num_classes\?'),
        ('train_cfg.max_epochs', 0, r'max_epochs=0: expected a whole number from 1'),
        ('train_cfg.val_interval', -1, r'val_interval=-1: expected a whole number from 1'),
        ('default_hooks.checkpoint.interval', 0, r'interval=0: expected a whole number from 1, or -1 for never'),
    ],
)
def test_what_would_do_nothing_is_refused(option, value, message):
    with pytest.raises(ValueError, match=message) as refusal:
        read_config_file(SEMANTIC, {option: value})
    assert option in str(refusal.value)


@pytest.mark.parametrize(
    'options',
    [
        {'default_hooks.checkpoint.save_last': False, 'default_hooks.checkpoint.interval': -1},
        {'default_hooks.early.type': 'EarlyStoppingHook', 'default_hooks.early.monitor': 'mIoU'},
        {'optim_wrapper.optimizer.type': 'SGD', 'optim_wrapper.optimizer.momentum': 0.9},
        {'optim_wrapper.optimizer.momentum': 0.9, 'optim_wrapper.optimizer.type': 'SGD'},
        {'optim_wrapper.accumulative_counts': 2, 'optim_wrapper.clip_grad.max_norm': 1},
        {'model.backbone.init_cfg.type': 'Pretrained', 'model.backbone.init_cfg.checkpoint': 'x.pth'},
        {'model.backbone.attention_masks': 'gate', 'model.backbone.init_cfg': None},
        {'train_dataloader.prefetch_factor': 4, 'train_dataloader.dataset.indices': 3},
        {'randomness.seed': 3, 'env_cfg.cudnn_benchmark': False, 'load_from': 'x.pth'},
        {'visualizer.vis_backends.0.type': 'TensorboardVisBackend'},
        {'param_scheduler.1.power': 2, 'auto_scale_lr.enable': True, 'work_dir': 'x'},
        {'custom_hooks': [], 'tta_model': None},
    ],
)
def test_what_has_an_effect_is_taken(options):
    cfg = read_config_file(SEMANTIC, options)
    for key, value in options.items():
        node = cfg
        for name in key.split('.'):
            node = node[int(name)] if isinstance(node, list) else node[name]
        assert node == value


def test_every_shipped_config_has_values_in_range():
    for path in sorted((ROOT / 'configs').rglob('*_128*.py')):
        if '_base_' not in path.parts:
            check_values(Config.fromfile(path))


@pytest.mark.parametrize('text', ['model = dict(\n', 'model = typo\n', "_base_ = './gone.py'\n"])
def test_a_file_that_is_no_config_is_named(tmp_path, text):
    (tmp_path / 'job.py').write_text(text)
    with pytest.raises(ValueError, match=r'^config .*job\.py: \w+: .*; mend the file'):
        read_config_file(tmp_path / 'job.py')
