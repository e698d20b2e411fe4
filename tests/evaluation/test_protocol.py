"""set_protocol reaches every pipeline, evaluator and the checkpoint hook."""

import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from small_job import ROOT

from mmmaskattn.evaluation.protocol import set_protocol

RESIZE = dict(type='mmmaskattn.LowResResize', size=(32, 32))


def shipped():
    files = ('datasets/ade20k_semantic_128.py', 'default_runtime.py')
    cfg = Config()
    for name in files:
        cfg.merge_from_dict(Config.fromfile(ROOT / 'configs/_base_' / name).to_dict())
    return cfg


def resizes(node):
    if isinstance(node, dict):
        own = [node] if 'LowResResize' in str(node.get('type')) else []
        return own + [found for value in node.values() for found in resizes(value)]
    return [found for value in node for found in resizes(value)] if isinstance(node, (list, tuple)) else []


@pytest.mark.parametrize('protocol', ['native', 'lowres'])
def test_shipped_config(protocol):
    cfg = shipped()
    set_protocol(cfg, protocol)
    for key in ('val_dataloader', 'test_dataloader', 'tta_pipeline'):
        found = resizes(cfg[key])
        assert found
        assert {step['protocol'] for step in found} == {protocol}
    assert cfg.val_evaluator.prefix == cfg.test_evaluator.prefix == protocol
    assert cfg.default_hooks.checkpoint.save_best == f'{protocol}/mIoU'


def test_setting_it_twice_is_setting_it_once():
    cfg, expected = shipped(), shipped()
    set_protocol(cfg, 'native')
    set_protocol(cfg, 'lowres')
    set_protocol(expected, 'lowres')
    assert cfg.to_dict() == expected.to_dict()


def test_wrapped_data_sets_and_lists_of_evaluators():
    inner = dict(type='ADE20KDataset', pipeline=[dict(RESIZE)])
    cfg = Config(
        dict(
            test_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dict(type='R', dataset=inner)])),
            test_evaluator=[dict(type='IoUMetric'), dict(type='CocoMetric', prefix='native/coco')],
        )
    )
    set_protocol(cfg, 'lowres')
    assert cfg.test_dataloader.dataset.datasets[0].dataset.pipeline[0].protocol == 'lowres'
    assert [evaluator.prefix for evaluator in cfg.test_evaluator] == ['lowres', 'lowres/coco']


def test_every_evaluator_of_a_panoptic_config_and_several_best_checkpoints():
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/coco_panoptic_128.py')
    cfg.test_evaluator = [*cfg.val_evaluator, dict(type='mmdet.DumpDetResults', out_file_path='a.pkl')]
    cfg.default_hooks = dict(checkpoint=dict(save_best=['lowres/PQ', 'lowres/AP', 'loss']))
    set_protocol(cfg, 'native')
    assert [evaluator.get('prefix') for evaluator in cfg.test_evaluator] == ['native'] * 3 + [None]
    assert cfg.default_hooks.checkpoint.save_best == ['native/PQ', 'native/AP', 'loss']
    metrics = Evaluator(cfg.val_evaluator).metrics
    assert [type(metric).__name__ for metric in metrics] == ['PanopticQuality', 'InstanceAP', 'SegmentIoU']
    assert {metric.prefix for metric in metrics} == {'native'}


def test_training_pipeline_and_foreign_save_best_are_left_alone():
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(pipeline=[dict(RESIZE)])),
            val_dataloader=dict(dataset=dict(pipeline=[dict(RESIZE)])),
            default_hooks=dict(checkpoint=dict(save_best='auto')),
        )
    )
    set_protocol(cfg, 'native')
    assert 'protocol' not in cfg.train_dataloader.dataset.pipeline[0]
    assert cfg.default_hooks.checkpoint.save_best == 'auto'


def test_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match=r"'full'.*lowres, native"):
        set_protocol(shipped(), 'full')


def test_config_without_our_resize_is_refused(tmp_path):
    path = tmp_path / 'plain.py'
    path.write_text("test_pipeline = [dict(type='Resize', scale=(8, 8))]")
    with pytest.raises(ValueError, match=r'plain\.py.*LowResResize'):
        set_protocol(Config.fromfile(path), 'native')
