"""The ceiling of a config's own data by its own evaluators."""

from __future__ import annotations

from pathlib import Path

import pytest
from edited_json import write_edited
from mmengine.config import Config

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.evaluation.ceiling import NativeCeiling, OracleCeiling, label_dataset

BASE = Path(__file__).parents[2] / 'configs/_base_'


@pytest.fixture(scope='module')
def coco(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=1, num_val=5)


def config(name: str, root: Path, monkeypatch) -> Config:
    monkeypatch.setenv(f'{name.partition("_")[0].upper()}_ROOT', str(root))
    cfg = Config.fromfile(BASE / f'datasets/{name}_128.py')
    cfg.merge_from_dict(Config.fromfile(BASE / 'default_runtime.py').to_dict())
    cfg.default_scope = 'mmseg' if 'semantic' in name else 'mmdet'
    return cfg


def test_panoptic_figures_rise_with_the_size(coco, monkeypatch):
    cfg = config('coco_panoptic', coco, monkeypatch)
    scores = [NativeCeiling(cfg, (side, side)).compute() for side in (32, 128)]
    names = [f'native_ceiling/{name}' for name in ('PQ', 'PQ_things', 'PQ_stuff', 'AP', 'mIoU', 'mIoU_things')]
    for name in names:
        assert 10 < scores[0][name] < scores[1][name] < 100
    assert all(evaluator.prefix == 'lowres' for evaluator in cfg.test_evaluator), 'the config is left alone'


def test_nothing_is_lost_at_the_size_of_the_image(coco, monkeypatch):
    cfg = config('coco_panoptic', coco, monkeypatch)
    cfg.test_dataloader.dataset.indices = 1
    (sample,) = label_dataset(cfg)
    figures = NativeCeiling(cfg, sample['gt_id_map'].shape).compute()
    for name in ('PQ', 'SQ', 'RQ', 'AP', 'AR', 'AP@100', 'mIoU', 'aAcc'):
        assert figures[f'native_ceiling/{name}'] == pytest.approx(100)


def test_instance_config_and_size_of_the_config(coco, monkeypatch):
    cfg = config('coco_instance', coco, monkeypatch)
    ceiling = NativeCeiling(cfg)
    assert ceiling.size == (128, 128)
    figures = ceiling.compute()
    assert 10 < figures['native_ceiling/AP'] < 100
    assert {name.partition('/')[0] for name in figures} == {'native_ceiling'}


def test_official_json_as_truth(coco, monkeypatch):
    """Masks of the drawn data do not overlap, so both truths agree but for size bins."""
    cfg = config('coco_instance', coco, monkeypatch)
    whole = NativeCeiling(cfg).compute()
    cfg.test_evaluator['ann_file'] = str(coco / 'annotations/instances_val2017.json')
    assert NativeCeiling(cfg).compute()['native_ceiling/AP'] == pytest.approx(whole['native_ceiling/AP'])


def test_the_order_of_the_jsons_categories_changes_nothing(coco, tmp_path, monkeypatch):
    """The reader's json lists them backwards, the metric's does not: the figures of every class stay."""
    cfg = config('coco_instance', coco, monkeypatch)
    cfg.test_evaluator.update(ann_file=str(coco / 'annotations/instances_val2017.json'), classwise=True)
    expected = NativeCeiling(cfg).compute()
    cfg.test_dataloader.dataset.ann_file = write_edited(
        coco / 'annotations/instances_val2017.json', tmp_path, lambda content: content['categories'].reverse()
    )
    found = NativeCeiling(cfg).compute()
    assert found == pytest.approx(expected)
    assert sum('AP(' in name for name in found) > 2


def test_semantic_config_gives_the_bilinear_ceiling(tmp_path, monkeypatch):
    root = write_mini('ade20k', tmp_path / 'ade', num_train=1, num_val=3)
    cfg = config('ade20k_semantic', root, monkeypatch)
    figures = NativeCeiling(cfg, (32, 48)).compute()
    ceiling = OracleCeiling(150, (32, 48))
    for sample in label_dataset(cfg):
        ceiling.add(sample['gt_seg_map'])
    expected = ceiling.result()['bilinear']
    assert {name: figures[f'native_ceiling/{name}'] for name in expected} == pytest.approx(expected, abs=0.006)


def test_config_without_evaluator_or_size_is_refused(coco, monkeypatch):
    cfg = config('coco_instance', coco, monkeypatch)
    cfg.test_evaluator = dict(type='DumpResults', out_file_path='a.pkl')
    with pytest.raises(ValueError, match=r'coco_instance_128\.py: no test_evaluator'):
        NativeCeiling(cfg)
    cfg.test_dataloader.dataset.pipeline = [dict(type='mmmaskattn.LoadInstances')]
    with pytest.raises(ValueError, match=r'coco_instance_128\.py: the test pipeline has no LowResResize'):
        NativeCeiling(cfg)
