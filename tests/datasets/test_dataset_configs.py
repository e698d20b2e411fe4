"""The data set configs on the mini sets, from file to what the model receives."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.apis import MMSegInferencer
from mmseg.registry import DATASETS, METRICS, MODELS
from pictures import smooth_photo
from small_data import write_folders

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.evaluation.protocol import set_protocol

ROOT = Path(__file__).parents[2]
CLASSES = {'ade20k': 150, 'coco': 133, 'cityscapes': 19, 'camvid': 11, 'ccp': 12, 'legend': 4, 'magnetic_tile': 6}
PAPERS = ('ade20k', 'coco', 'cityscapes')


def write_camvid(root: Path) -> Path:
    for split in ('train', 'val', 'test'):
        for folder in (split, f'{split}annot'):
            (root / folder).mkdir(parents=True)
        for index in range(3):
            cv2.imwrite(str(root / split / f'{index}.png'), smooth_photo((90, 120), index))
            labels = np.random.default_rng(index).integers(0, 12, (90, 120)).astype(np.uint8)
            cv2.imwrite(str(root / f'{split}annot' / f'{index}.png'), labels)
    return root


@pytest.fixture(scope='module')
def roots(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp('data')
    layouts = ('ade20k', 'coco', 'cityscapes')
    minis = {name: write_mini(name, folder / name, num_train=6, num_val=4, size=(96, 128)) for name in layouts}
    own = dict(ccp=write_folders(folder / 'ccp', 59), magnetic_tile=write_folders(folder / 'tiles', 6, grey=True))
    own['legend'] = write_mini('legend', folder / 'legend', 4, 2, (128, 128))
    return dict(minis, camvid=write_camvid(folder / 'camvid'), **own)


@pytest.fixture(params=CLASSES)
def name(request) -> str:
    init_default_scope('mmseg')
    return request.param


@pytest.fixture
def cfg(name, roots, monkeypatch) -> Config:
    monkeypatch.setenv(f'{name.upper()}_ROOT', str(roots[name]))
    return Config.fromfile(ROOT / f'configs/_base_/datasets/{name}_semantic_128.py')


def test_training_samples(cfg, name):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset.metainfo['classes']) == cfg.num_classes == CLASSES[name]
    seen = set()
    for index in range(len(dataset)):
        sample = dataset[index]
        labels = sample['data_samples'].gt_sem_seg.data
        assert sample['inputs'].shape == (3, 128, 128)
        assert labels.shape == (1, 128, 128)
        seen |= set(labels.unique().tolist())
    assert len(seen - {255}) > 2
    assert max(seen - {255}) < CLASSES[name]


def test_total_batch_is_the_papers_in_two_processes_or_one(cfg, name):
    assert cfg.train_dataloader.batch_size * (2 if name in PAPERS else 1) == 8
    assert cfg.train_dataloader.sampler.type == 'DefaultSampler'


@pytest.mark.parametrize('protocol', ['lowres', 'native'])
@pytest.mark.parametrize('side', ['val', 'test'])
def test_evaluation_samples_under_both_protocols(cfg, protocol, side):
    set_protocol(cfg, protocol)
    dataset = DATASETS.build(cfg[f'{side}_dataloader'].dataset)
    for sample in dataset:
        truth, meta = sample['data_samples'].gt_sem_seg.data[0], sample['data_samples'].metainfo
        native = cv2.imread(meta['img_path']).shape[:2]
        assert sample['inputs'].shape == (3, 128, 128)
        assert tuple(truth.shape) == meta['ori_shape'] == ((128, 128) if protocol == 'lowres' else native)
        assert meta['img_shape'] == (128, 128)


def test_loader_and_evaluator_are_built(cfg):
    loader = Runner.build_dataloader(dict(cfg.val_dataloader, num_workers=0, persistent_workers=False))
    batch = next(iter(loader))
    assert all(image.shape == (3, 128, 128) for image in batch['inputs'])
    assert METRICS.build(cfg.val_evaluator).prefix == 'lowres'


@pytest.mark.parametrize('protocol', ['lowres', 'native'])
def test_test_time_augmentation_keeps_truth_and_output_size_over_all_branches(cfg, protocol):
    set_protocol(cfg, protocol)
    sample = DATASETS.build(dict(cfg.test_dataloader.dataset, pipeline=cfg.tta_pipeline))[0]
    branches = sample['data_samples']
    assert [image.shape[-1] for image in sample['inputs']] == [128, 128, 96, 96, 160, 160, 192, 192]
    assert [branch.flip for branch in branches] == [False, True] * 4
    assert len({branch.ori_shape for branch in branches}) == 1
    assert branches[0].gt_sem_seg.shape == branches[0].ori_shape


@pytest.mark.parametrize(('leaf', 'size'), [('64', (64, 64)), ('64x48', (64, 48)), ('32', (32, 32))])
def test_leaves_of_other_sizes(leaf, size, roots, monkeypatch):
    init_default_scope('mmseg')
    monkeypatch.setenv('ADE20K_ROOT', str(roots['ade20k']))
    cfg = Config.fromfile(ROOT / f'configs/maskattn/ade20k_semantic_{leaf}.py')
    assert cfg.image_size == size
    for side in ('train', 'val', 'test'):
        sample = DATASETS.build(cfg[f'{side}_dataloader'].dataset)[0]
        assert sample['inputs'].shape[1:] == sample['data_samples'].gt_sem_seg.shape == size
    augmented = DATASETS.build(dict(cfg.test_dataloader.dataset, pipeline=cfg.tta_pipeline))[0]
    assert augmented['inputs'][0].shape[1:] == augmented['data_samples'][0].gt_sem_seg.shape == size


@pytest.mark.slow
def test_mmseg_inferencer_takes_our_config_as_it_is(roots):
    picture = next((roots['ade20k'] / 'images/validation').glob('*.jpg'))
    inferencer = MMSegInferencer(str(ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'), device='cpu')
    assert inferencer(str(picture), return_datasamples=True).pred_sem_seg.shape == cv2.imread(str(picture)).shape[:2]


@pytest.mark.slow
@pytest.mark.parametrize('protocol', ['lowres', 'native'])
def test_test_time_augmentation_runs_and_is_scored(roots, monkeypatch, protocol):
    init_default_scope('mmseg')
    monkeypatch.setenv('ADE20K_ROOT', str(roots['ade20k']))
    cfg = Config.fromfile(ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py')
    set_protocol(cfg, protocol)
    loader = dict(cfg.test_dataloader, num_workers=0, persistent_workers=False, batch_size=4)
    loader['dataset'] = dict(cfg.test_dataloader.dataset, pipeline=cfg.tta_pipeline)
    loader = Runner.build_dataloader(loader)
    model = MODELS.build(dict(cfg.tta_model, module=cfg.model)).eval()
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = loader.dataset.metainfo
    for batch in loader:
        with torch.no_grad():
            outputs = model.test_step(batch)
        for output in outputs:
            assert output.pred_sem_seg.shape == output.gt_sem_seg.shape == output.ori_shape
        metric.process(batch, [output.to_dict() for output in outputs])
    assert 0 <= metric.evaluate(len(loader.dataset))[f'{protocol}/mIoU'] <= 100


def test_label_outside_the_range_is_named(cfg, name):
    step = next(s for s in cfg.train_pipeline if s['type'] == 'mmmaskattn.CheckSegMap')
    step['num_classes'] = 2
    pipeline = cfg.train_pipeline
    with pytest.raises(ValueError, match=r'\.png: labels \[.*expected 0 to 1 or 255'):
        list(DATASETS.build(dict(cfg.train_dataloader.dataset, pipeline=pipeline)))
