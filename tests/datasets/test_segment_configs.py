"""The instance and panoptic data configs, from file to mmdet's samples, on prepared mini sets and on the nuclei."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from prepared import mini, prepare

from mmmaskattn.data_tools.prepare import ade20k_splits, cityscapes_splits
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.input_size import with_input_size
from mmmaskattn.evaluation.protocol import set_protocol

ROOT = Path(__file__).parents[2]
DSB2018 = ROOT / '../shared/data/dsb2018_128'
THINGS = {'ade20k': 100, 'coco': 80, 'cityscapes': 8, 'dsb2018': 1}
STUFF = {'ade20k': 50, 'coco': 53, 'cityscapes': 11, 'dsb2018': 1}


@pytest.fixture(scope='module')
def roots(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp('data')
    found = {layout: mini(layout, folder / layout, train=6, val=4) for layout in ('ade20k', 'coco', 'cityscapes')}
    prepare(ade20k_splits(found['ade20k']))
    prepare(cityscapes_splits(found['cityscapes']))
    return {**found, 'dsb2018': DSB2018}


@pytest.fixture(params=THINGS)
def name(request) -> str:
    if request.param == 'dsb2018' and not DSB2018.is_dir():
        pytest.skip(f'the nuclei of DSB2018 are not at {DSB2018}')
    return request.param


@pytest.fixture(params=['instance', 'panoptic'])
def task(request) -> str:
    return request.param


@pytest.fixture
def cfg(name, task, roots, monkeypatch) -> Config:
    init_default_scope('mmdet')
    monkeypatch.setenv(f'{name.upper()}_ROOT', str(roots[name]))
    return Config.fromfile(ROOT / f'configs/_base_/datasets/{name}_{task}_128.py')


def check_sample(sample: dict, size: tuple[int, int], things: int, stuff: int) -> int:
    """Check types, sizes and ranges, and that the two maps say the same; return the number of things."""
    truth = sample['data_samples']
    assert isinstance(truth, DetDataSample)
    instances, semantic = truth.gt_instances, truth.gt_sem_seg.sem_seg
    assert sample['inputs'].shape == (3, *size)
    assert sample['inputs'].dtype == semantic.dtype == torch.uint8
    assert not {'masks', 'bboxes'} & set(instances.keys()), 'only the peers, in their preprocessor, make them'
    assert instances.labels.dtype == torch.int64
    assert semantic.shape == (1, *size)
    assert set(semantic.unique().tolist()) <= {*range(things + stuff), 255}
    ids, labels = truth.gt_instance_map.ids, semantic[0].numpy()
    assert ids.dtype == torch.int16
    assert ids.shape == (1, *size)
    count = len(instances.labels)
    assert set(ids.unique().tolist()) - {0} == set(range(1, count + len(truth.ignored_instances.labels) + 1))
    ids = ids[0].numpy()
    assert np.array_equal(labels < things, (ids > 0) & (ids <= count))
    assert (labels[ids > count] == 255).all()
    for number, label in enumerate(instances.labels.tolist(), start=1):
        assert (labels[ids == number] == label).all()
    return count


def first(dataset, count: int = 8) -> list:
    return [dataset[index] for index in range(min(count, len(dataset)))]


@pytest.mark.parametrize('size', [(128, 128), (64, 48)])
def test_samples_of_every_split(cfg, name, task, size):
    np.random.seed(0)
    stuff = STUFF[name] if task == 'panoptic' else 1
    assert (cfg.num_things, cfg.num_stuff) == (THINGS[name], stuff)
    for side in ('train', 'val', 'test'):
        loader = with_input_size(cfg[f'{side}_dataloader'], size)
        samples = first(DATASETS.build(loader.dataset))
        assert len(samples) >= (3 if side == 'train' else 4)
        assert sum(check_sample(sample, size, cfg.num_things, stuff) for sample in samples) > 0


def test_classes_agree_with_the_numbers(cfg, name, task):
    meta = DATASETS.build(cfg.train_dataloader.dataset).metainfo
    assert len(meta['thing_classes']) == cfg.num_things
    assert len(meta['stuff_classes']) == cfg.num_stuff
    assert meta['classes'] == meta['thing_classes'] + (meta['stuff_classes'] if task == 'panoptic' else ())
    assert len(meta['palette']) == len(meta['classes'])


def test_all_images_are_kept_for_panoptic(cfg, name, task):
    dataset = dict(cfg.train_dataloader.dataset, pipeline=[])
    whole = len(DATASETS.build(dict(dataset, filter_cfg=None)))
    assert len(DATASETS.build(dataset)) == whole if task == 'panoptic' else len(DATASETS.build(dataset)) <= whole


def test_total_batch_is_the_papers_but_for_the_nuclei(cfg, name):
    assert cfg.train_dataloader.batch_size == (8 if name == 'dsb2018' else 14 / 2)


def test_the_configs_flip_turns_the_instances_too(cfg):
    """mmdet's and mmcv's RandomFlip would turn the image alone and leave the id map as it was."""
    dataset = cfg.train_dataloader.dataset
    for step in dataset.pipeline:
        if 'ratio_range' in step:
            step['ratio_range'] = (1.0, 1.0)
    turned = []
    for prob in (0.0, 1.0):
        (step,) = [step for step in dataset.pipeline if step['type'].endswith('RandomFlip')]
        step['prob'] = prob
        turned.append(DATASETS.build(dataset)[0])
    plain, flipped = turned
    assert torch.equal(flipped['inputs'], plain['inputs'].flip(-1))
    truths = [sample['data_samples'] for sample in turned]
    assert torch.equal(truths[1].gt_sem_seg.sem_seg, truths[0].gt_sem_seg.sem_seg.flip(-1))
    assert torch.equal(truths[1].gt_instance_map.ids, truths[0].gt_instance_map.ids.flip(-1))


def test_native_protocol_keeps_truth_at_the_native_size(cfg):
    set_protocol(cfg, 'native')
    sample = DATASETS.build(cfg.val_dataloader.dataset)[0]
    truth = sample['data_samples']
    height, width = truth.ori_shape
    assert sample['inputs'].shape == (3, 128, 128)
    assert truth.gt_sem_seg.sem_seg.shape == (1, height, width)
    assert truth.gt_instance_map.ids.shape == (1, height, width)


def test_loader_gives_batches(cfg):
    loader = Runner.build_dataloader(dict(cfg.train_dataloader, num_workers=0, batch_size=2), seed=0)
    batch = next(iter(loader))
    assert len(batch['inputs']) == len(batch['data_samples']) == 2


def test_missing_data_names_the_variable(cfg, name, task, tmp_path, monkeypatch):
    monkeypatch.setenv(f'{name.upper()}_ROOT', str(tmp_path / 'nowhere'))
    cfg = Config.fromfile(ROOT / f'configs/_base_/datasets/{name}_{task}_128.py')
    with pytest.raises(FileNotFoundError, match=f'nowhere does not exist.*{name.upper()}_ROOT'):
        check_data_roots(cfg)


@pytest.mark.skipif(not DSB2018.is_dir(), reason=f'the nuclei of DSB2018 are not at {DSB2018}')
@pytest.mark.parametrize('kind', ['instance', 'panoptic'])
def test_leaves_of_the_nuclei(kind, monkeypatch):
    monkeypatch.setenv('DSB2018_ROOT', str(DSB2018))
    cfg = Config.fromfile(ROOT / f'configs/maskattn/dsb2018_{kind}_128.py')
    assert (cfg.default_scope, cfg.auto_scale_lr.base_batch_size) == ('mmdet', 8)
    init_default_scope(cfg.default_scope)
    sizes = [len(DATASETS.build(cfg[f'{split}_dataloader'].dataset)) for split in ('train', 'val', 'test')]
    assert sum(sizes) == 664 - 16  # the brightfield_grey ones
    sample = DATASETS.build(cfg.train_dataloader.dataset)[0]
    assert check_sample(sample, (128, 128), 1, 1) > 0
