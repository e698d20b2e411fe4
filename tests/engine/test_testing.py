"""What the options of tools/test.py make of an instance or panoptic config."""

from argparse import Namespace
from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.engine.testing import _config_of_pass, parse_options, run_test

ROOT = Path(__file__).parents[2]
CONFIG = f"""
_base_ = ['{ROOT}/configs/_base_/datasets/dsb2018_panoptic_128.py', '{ROOT}/configs/_base_/default_runtime_det.py']
model = dict(type='A', test_cfg=dict(keep=1))
test_evaluator = [dict(type='mmmaskattn.PanopticQuality')]
work_dir = 'work'
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'job.py'
    path.write_text(CONFIG)
    return path


def config_of(path: Path, *options: str, protocol: str | None = None) -> Config:
    args = parse_options([str(path), 'checkpoint.pth', *options])
    assert isinstance(args, Namespace)
    return _config_of_pass(Config.fromfile(path), args, protocol)


def test_show_dir_turns_on_our_hook_and_visualizer(config, tmp_path):
    cfg = config_of(config, '--show-dir', str(tmp_path / 'seen'))
    configured = Config.fromfile(config).default_hooks.visualization
    assert configured.type == 'mmmaskattn.InstancePictureHook'
    assert cfg.default_hooks.visualization == dict(configured, draw=True, interval=1)
    assert (cfg.visualizer.type, cfg.visualizer.save_dir) == ('mmmaskattn.SegmentVisualizer', str(tmp_path / 'seen'))
    assert cfg.model.test_cfg == dict(keep=1)


def test_show_embeddings_asks_the_model_and_the_hook(config):
    cfg = config_of(config, '--show', '--show-embeddings')
    assert cfg.model.test_cfg == dict(keep=1, return_embeddings=True)
    assert cfg.default_hooks.visualization.embeddings is True
    config.write_text(CONFIG.replace(', test_cfg=dict(keep=1)', ''))
    assert config_of(config, '--show', '--show-embeddings').model.test_cfg == dict(return_embeddings=True)


def test_show_embeddings_reaches_a_model_under_test_time_augmentation(config):
    config.write_text(CONFIG + "tta_model = dict(_delete_=True, type='T')\ntta_pipeline = []\n")
    cfg = config_of(config, '--show', '--show-embeddings', '--tta')
    assert cfg.model.type == 'T'
    assert cfg.model.module.test_cfg.return_embeddings is True


def test_show_embeddings_alone_or_with_a_hook_that_draws_none_is_refused(config):
    with pytest.raises(ValueError, match='--show-embeddings: it adds to --show or --show-dir'):
        run_test([str(config), str(config), '--show-embeddings'])
    config.write_text(CONFIG.replace('default_runtime_det', 'default_runtime'))
    with pytest.raises(ValueError, match=r'job\.py is mmmaskattn\.SegmentationPictureHook, which draws none'):
        run_test([str(config), str(config), '--show', '--show-embeddings'])


def test_out_writes_cocos_formats_beside_the_metrics(config, tmp_path, monkeypatch):
    monkeypatch.setenv('DSB2018_ROOT', '/nuclei')
    cfg = config_of(config, '--out', str(tmp_path / 'out'), '--protocol', 'both', protocol='native')
    metric, dump = cfg.test_evaluator
    assert metric == dict(type='mmmaskattn.PanopticQuality', prefix='native')
    assert dump == dict(
        type='mmmaskattn.SegmentDump',
        output_dir=str(tmp_path / 'out/native'),
        ann_file='/nuclei/annotations/panoptic_test.json',
    )


def test_out_names_no_json_where_the_data_set_has_none(config, tmp_path):
    cfg = Config.fromfile(config)
    for ann_file in ('', 'list.txt'):
        cfg.test_dataloader.dataset.ann_file = ann_file
        args = parse_options([str(config), 'checkpoint.pth', '--out', str(tmp_path / 'out')])
        assert _config_of_pass(cfg, args, None).test_evaluator[1].ann_file is None


def test_out_refuses_a_folder_for_two_jsons_and_takes_one_that_comes_twice(config, tmp_path):
    cfg = Config.fromfile(config)
    one = cfg.test_dataloader.dataset
    args = parse_options([str(config), 'checkpoint.pth', '--out', str(tmp_path / 'out')])
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[one, one])
    assert _config_of_pass(cfg, args, None).test_evaluator[1].ann_file.endswith('panoptic_test.json')
    cfg.test_dataloader.dataset.datasets[1] = dict(one, ann_file='annotations/panoptic_val.json')
    with pytest.raises(ValueError, match='--out: the test set joins 2 data sets, whose image ids'):
        _config_of_pass(cfg, args, None)


def test_out_of_a_semantic_model_is_label_maps_beside_the_metric(config, tmp_path):
    config.write_text(CONFIG.replace('default_runtime_det', 'default_runtime'))
    metric, dump = config_of(config, '--out', str(tmp_path / 'out')).test_evaluator
    assert 'output_dir' not in metric
    assert dump == dict(type='mmmaskattn.LabelMapDump', output_dir=str(tmp_path / 'out'))


def test_out_pickles_as_the_host_does(config, tmp_path):
    target = str(tmp_path / 'out.pkl')
    assert config_of(config, '--out', target).test_evaluator[1] == dict(
        type='mmdet.DumpDetResults', out_file_path=target
    )
    config.write_text(CONFIG.replace('default_runtime_det', 'default_runtime'))
    assert config_of(config, '--out', target).test_evaluator[1] == dict(type='DumpResults', out_file_path=target)


def test_a_folder_with_files_is_never_written_to(config, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/instances.json').write_text('precious')
    with pytest.raises(FileExistsError, match='out exists already'):
        config_of(config, '--out', str(tmp_path / 'out'))
