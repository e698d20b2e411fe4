"""The configs for images of one's own, on data of one's own, as docs/how-to/train-on-your-own-images.md tells."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from custom_data import write_custom
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from small_job import run, run_tool

from mmmaskattn.data_tools.check import check_config
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels

ROOT = Path(__file__).parents[2]
QUICK = (
    'train_cfg.max_epochs=1', 'train_dataloader.num_workers=0', 'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2',
    'default_hooks.logger.interval=1',
)  # fmt: skip


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_custom(tmp_path_factory.mktemp('data') / 'own')


@pytest.fixture
def config(root, monkeypatch):
    monkeypatch.setenv('CUSTOM_ROOT', str(root))
    return lambda task: Config.fromfile(ROOT / f'configs/your_data/{task}_128.py')


@pytest.mark.parametrize('task', ['semantic', 'instance', 'panoptic'])
def test_the_check_finds_nothing_wrong(config, task):
    report = check_config(config(task), workers=1)
    assert [str(problem) for problem in report.problems if problem.fatal] == []
    assert [(s.split, s.images) for s in report.statistics] == [('train', 6), ('val', 3)]
    counted = report.statistics[0].class_instances if task != 'semantic' else report.statistics[0].pixels
    assert counted.sum() > 0


@pytest.fixture
def copied(request, tmp_path):
    """A config copied to a folder that knows nothing of ours, and the metric that its training reports."""
    metric = dict(semantic='lowres/mIoU', instance='lowres/AP', panoptic='lowres/PQ')[request.param]
    return Path(shutil.copy(ROOT / f'configs/your_data/{request.param}_128.py', tmp_path / 'mine.py')), metric


@pytest.mark.long
@pytest.mark.parametrize('copied', ['semantic', 'instance', 'panoptic'], indirect=True)
def test_a_copy_trains_by_our_tool(copied, root, tmp_path):
    config, metric = copied
    options = ('--fraction', '50', '--cfg-options', *QUICK)
    output = run_tool('train.py', config.name, *options, cwd=tmp_path, CUSTOM_ROOT=str(root))
    assert '[2/2]' in output  # half of 6 images in batches of 2
    assert f'{metric}:' in output
    if metric == 'lowres/mIoU':
        assert '| person' in output.replace('|   ', '| ')


@pytest.mark.slow
@pytest.mark.parametrize(
    ('copied', 'host'),
    [
        ('semantic', 'mmseg'),
        pytest.param('instance', 'mmdet', marks=pytest.mark.long),
        pytest.param('panoptic', 'mmseg', marks=pytest.mark.long),
    ],
    indirect=['copied'],
)
def test_a_copy_trains_by_the_hosts_own_tools(copied, host, root, tmp_path):
    """They read the config before anything of ours is imported."""
    config, metric = copied
    tool = Path(find_spec(host).origin).parent / '.mim/tools/train.py'
    done = run([sys.executable, tool, config.name, '--cfg-options', *QUICK], tmp_path, CUSTOM_ROOT=str(root))
    assert done.returncode == 0, done.stdout[-5000:]
    assert f'{metric}:' in done.stdout
    assert (tmp_path / 'work_dirs/mine/epoch_1.pth').is_file()


@pytest.mark.slow
@pytest.mark.parametrize(('task', 'best'), [('panoptic', 'PQ'), pytest.param('instance', 'AP', marks=pytest.mark.long)])
def test_instances_and_panoptic_train_and_are_evaluated(config, task, best, tmp_path):
    """One epoch, each image twice, then the validation and a test."""
    cfg = config(task)
    assert (cfg.model.segment_head.num_things, cfg.model.segment_head.num_stuff) == (2, 1)
    cfg.merge_from_dict(
        {
            'work_dir': str(tmp_path),
            'visualizer.name': str(tmp_path),
            'randomness': dict(seed=0),
            'optim_wrapper.optimizer.lr': 1e-2,
            'train_cfg': dict(max_epochs=1, val_interval=1),
            'default_hooks.checkpoint.interval': 1,
        }
    )
    cfg.param_scheduler = None  # no warm-up: there is but one epoch
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=1)
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', times=2, dataset=cfg.train_dataloader.dataset)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == len(runner.train_dataloader) >= 6  # without the images that hold no person and no car
    assert (tmp_path / f'best_lowres_{best}_epoch_1.pth').is_file()
    metrics = runner.test()
    assert all(0 <= value <= 100 for value in metrics.values())
    assert 'lowres/AP' in metrics
    if task == 'panoptic':
        assert metrics['lowres/PQ_stuff'] > 20, 'the background covers more than half of the pixels'
        assert metrics['lowres/mIoU'] > 20


@pytest.mark.parametrize('task', ['instance', 'panoptic'])
def test_loaders_give_samples_with_our_labels(config, task):
    cfg = config(task)
    init_default_scope('mmdet')
    loader = dict(cfg.train_dataloader, num_workers=0, batch_size=2)
    batch = next(iter(Runner.build_dataloader(loader, seed=0)))
    assert [tuple(image.shape) for image in batch['inputs']] == [(3, 128, 128)] * 2
    for sample in batch['data_samples']:
        labels = sample.gt_instances.labels
        assert labels.dtype == torch.int64
        assert int(sample.gt_instance_map.ids.max()) == len(labels) + len(sample.ignored_instances.labels)
        assert set(labels.tolist()) <= {0, 1}


@pytest.mark.parametrize('task', ['instance', 'panoptic'])
def test_labels_follow_the_configs_names_not_the_jsons_order(config, task, root):
    """The config says person, car; the json lists car (3) before person (7)."""
    cfg = config(task)
    init_default_scope('mmdet')
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    seen: set[int] = set()
    for index in range(len(dataset)):
        sample = dataset[index]['data_samples']
        semantic = root / 'labels/val' / Path(sample.img_path).with_suffix('.png').name
        labels = resize_labels(cv2.imread(str(semantic), cv2.IMREAD_UNCHANGED), (128, 128))
        ids = sample.gt_instance_map.ids[0].numpy()
        for number, label in enumerate(sample.gt_instances.labels.tolist(), start=1):
            seen.add(label)
            assert np.bincount(labels[ids == number], minlength=3).argmax() == label + 1  # 0 is the background
    assert seen
