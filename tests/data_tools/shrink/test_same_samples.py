"""A copy gives the samples that the resize on the fly gives, bit for bit, for all layouts and tasks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from custom_data import write_custom
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from shrink_data import LAYOUTS, draw_prepared

from mmmaskattn.data_tools.shrink import shrink_dataset

ROOT = Path(__file__).parents[3]
REAL = ROOT / '../shared/data/coco_panoptic2'
SIZES = {'square': (128, 128), 'oblong': (64, 48)}


@pytest.fixture(scope='module', params=LAYOUTS)
def layout(request) -> str:
    return request.param


@pytest.fixture(scope='module')
def native(layout, tmp_path_factory) -> Path:
    return draw_prepared(layout, tmp_path_factory.mktemp('native') / layout, num_train=4, num_val=3)


@pytest.fixture(scope='module', params=SIZES.values(), ids=SIZES.keys())
def size(request) -> tuple[int, int]:
    return request.param


@pytest.fixture(scope='module')
def copy(native, size, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp('copy') / 'data'
    assert shrink_dataset(native, target, size, workers=1).problems == 0
    return target


def samples(layout: str, task: str, root: Path, size: tuple[int, int], split: str, monkeypatch) -> list[dict]:
    monkeypatch.setenv(f'{layout.upper()}_ROOT', str(root))
    cfg = Config.fromfile(ROOT / f'configs/_base_/datasets/{layout}_{task}_128.py')
    init_default_scope('mmseg' if task == 'semantic' else 'mmdet')
    pipeline = [dict(step, size=size) if 'LowRes' in step['type'] else step for step in cfg.test_pipeline]
    dataset = DATASETS.build(dict(cfg[f'{split}_dataloader'].dataset, pipeline=pipeline))
    return [dataset[i] for i in range(len(dataset))]


@pytest.mark.parametrize('task', ['semantic', 'instance', 'panoptic'])
def test_your_data(task, tmp_path, monkeypatch):
    """The layouts of configs/your_data, and the config as shipped."""
    native = write_custom(tmp_path / 'own', 3, 2)
    (native / 'images/train/lone.PNG').write_bytes(next((native / 'images/val').iterdir()).read_bytes())
    report = shrink_dataset(native, tmp_path / 'copy', (128, 128), workers=1)
    assert (report.layout, report.problems) == ('your_data', 1)  # lone.PNG has no labels
    loaded = []
    for root in (native, tmp_path / 'copy'):
        monkeypatch.setenv('CUSTOM_ROOT', str(root))
        cfg = Config.fromfile(ROOT / f'configs/your_data/{task}_128.py')
        init_default_scope(cfg.default_scope)
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
        loaded.append([dataset[index] for index in range(len(dataset))])
    assert len(loaded[0]) == len(loaded[1]) == 2
    for one, other in zip(*loaded):
        assert torch.equal(one['inputs'], other['inputs'])
        truths = [sample['data_samples'] for sample in (one, other)]
        maps = [truth.gt_sem_seg.data if task == 'semantic' else truth.gt_instance_map.ids for truth in truths]
        assert torch.equal(*maps)
        assert len(maps[0].unique()) > 1


@pytest.mark.parametrize('split', ['train', 'val'])
def test_semantic(layout, native, copy, size, split, monkeypatch):
    expected = samples(layout, 'semantic', native, size, split, monkeypatch)
    found = samples(layout, 'semantic', copy, size, split, monkeypatch)
    assert len(found) == len(expected) == {'train': 4, 'val': 3}[split]
    for one, other in zip(found, expected):
        assert torch.equal(one['inputs'], other['inputs'])
        assert torch.equal(one['data_samples'].gt_sem_seg.data, other['data_samples'].gt_sem_seg.data)
        assert one['data_samples'].ori_shape == other['data_samples'].ori_shape == size


@pytest.mark.parametrize('task', ['panoptic', 'instance'])
@pytest.mark.parametrize('split', ['train', 'val'])
def test_panoptic_and_instance(layout, native, copy, size, split, task, monkeypatch):
    expected = samples(layout, task, native, size, split, monkeypatch)
    found = samples(layout, task, copy, size, split, monkeypatch)
    assert len(found) == len(expected) > 0
    assert sum(len(one['data_samples'].gt_instances.labels) for one in expected) > 0
    for one, other in zip(found, expected):
        assert torch.equal(one['inputs'], other['inputs'])
        truth, wanted = one['data_samples'], other['data_samples']
        assert torch.equal(truth.gt_sem_seg.sem_seg, wanted.gt_sem_seg.sem_seg)
        assert torch.equal(truth.gt_instances.labels, wanted.gt_instances.labels)
        assert torch.equal(truth.ignored_instances.labels, wanted.ignored_instances.labels)
        assert torch.equal(truth.gt_instance_map.ids, wanted.gt_instance_map.ids)
        assert truth.img_id == wanted.img_id


def test_training_pipeline_reads_the_copy(layout, copy, monkeypatch):
    monkeypatch.setenv(f'{layout.upper()}_ROOT', str(copy))
    for task, scope in (('semantic', 'mmseg'), ('panoptic', 'mmdet')):
        init_default_scope(scope)
        cfg = Config.fromfile(ROOT / f'configs/_base_/datasets/{layout}_{task}_128.py')
        assert DATASETS.build(cfg.train_dataloader.dataset)[0]['inputs'].shape == (3, 128, 128)


@pytest.mark.skipif(not REAL.is_dir(), reason=f'the official COCO panoptic samples are not at {REAL}')
def test_official_coco_panoptic_samples(tmp_path, monkeypatch):
    native = tmp_path / 'native'
    (native / 'annotations').mkdir(parents=True)
    shutil.copytree(REAL / 'input_images', native / 'val2017')
    shutil.copytree(REAL / 'panoptic_examples', native / 'annotations/panoptic_val2017')
    shutil.copy(REAL / 'panoptic_examples.json', native / 'annotations/panoptic_val2017.json')
    report = shrink_dataset(native, tmp_path / 'copy', 128, workers=1)
    assert report.problems == 0
    (counts,) = report.annotations
    given = json.loads((REAL / 'panoptic_examples.json').read_text())['annotations']
    assert counts.kept + counts.dropped == sum(len(annotation['segments_info']) for annotation in given)
    expected, found = (
        samples('coco', 'panoptic', root, (128, 128), 'val', monkeypatch) for root in (native, tmp_path / 'copy')
    )
    assert len(found) == 2
    for one, other in zip(found, expected):
        assert torch.equal(one['inputs'], other['inputs'])
        truth, wanted = one['data_samples'], other['data_samples']
        assert torch.equal(truth.gt_sem_seg.sem_seg, wanted.gt_sem_seg.sem_seg)
        assert torch.equal(truth.gt_instance_map.ids, wanted.gt_instance_map.ids)
