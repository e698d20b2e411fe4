"""tools/train.py, dist_train.sh and test.py on the instance and panoptic tasks, run as users run them."""

from __future__ import annotations

import json
import math
import pickle
import re
from pathlib import Path
from typing import NamedTuple

import cv2
import pytest
import torch
from segment_job import SIZE, scalars, train_here, trunk, write_segment_job
from small_job import ROOT, run, run_tool

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.engine.testing import run_test
from mmmaskattn.visualization.legend import GAP, panel_shape

pytestmark = pytest.mark.slow

LOSSES = {'loss', 'loss_semantic', 'loss_contrast', 'loss_class', 'loss_seed'}
OPTIONS = ('train_cfg.max_epochs=4', 'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=2')
# After 16 steps things are faint: the weakest count, so that there are instances whatever the seed of the training.
FAINT = "model['segment_head']['grouping'] = dict(seed_threshold=0.001, foreground=0.01)\n"
REPORTED = ('lowres/PQ', 'lowres/AP', 'lowres/mIoU')


class Job(NamedTuple):
    """A training that is over: config, COCO root, work folder."""

    config: Path
    data: Path
    work_dir: Path


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=8, num_val=4, size=(48, 64))


@pytest.fixture(scope='module')
def job(tmp_path_factory, data):
    """The panoptic config, trained for four epochs of four steps."""
    folder = tmp_path_factory.mktemp('job')
    config = write_segment_job(folder, 'panoptic', data)
    config.write_text(config.read_text() + FAINT)
    run_tool('train.py', config, '--work-dir', 'trained', '--cfg-options', *OPTIONS, cwd=folder)
    return Job(config, data, folder / 'trained')


@pytest.fixture(scope='module')
def semantic(tmp_path_factory, data):
    """The checkpoint of a semantic training of one epoch."""
    folder = tmp_path_factory.mktemp('semantic')
    train_here(write_segment_job(folder, 'semantic', data), folder / 'trained')
    return folder / 'trained/epoch_1.pth'


def test_training_learns_and_validation_reports_all_three_figures(job):
    steps = scalars(job.work_dir, 'loss')
    assert len(steps) == 16
    assert all(set(step) >= LOSSES and all(math.isfinite(step[name]) for name in LOSSES) for step in steps)
    assert steps[-1]['loss_semantic'] < 0.95 * steps[0]['loss_semantic']
    validations = scalars(job.work_dir, 'lowres/PQ')
    assert [one['step'] for one in validations] == [2, 4]
    assert all(0 <= one[name] <= 100 for one in validations for name in REPORTED)
    assert validations[-1]['lowres/mIoU'] > 0


def test_the_checkpoint_of_the_best_panoptic_quality_is_kept(job):
    validations = scalars(job.work_dir, 'lowres/PQ')
    best = max(validations, key=lambda one: one['lowres/PQ'])  # the first of equals, as the hook has it
    assert [path.name for path in job.work_dir.glob('best_*')] == [f'best_lowres_PQ_epoch_{best["step"]}.pth']


def test_a_resumed_training_ends_in_the_same_weights(job, tmp_path):
    start = job.work_dir / 'epoch_2.pth'
    run_tool('train.py', job.config, '--work-dir', 'again', '--resume', start, '--cfg-options', *OPTIONS, cwd=tmp_path)
    (through, resumed) = (torch.load(folder / 'epoch_4.pth') for folder in (job.work_dir, tmp_path / 'again'))
    torch.testing.assert_close(resumed['state_dict'], through['state_dict'], rtol=0, atol=0)
    assert scalars(tmp_path / 'again', 'lowres/PQ') != []


@pytest.mark.long
def test_two_processes_train_and_report_what_one_process_finds(job, tmp_path):
    done = run(['bash', ROOT / 'tools/dist_train.sh', job.config, 2, '--work-dir', 'two'], tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]
    assert 'CPU, 2 processes with 1 thread' in done.stdout
    assert len(scalars(tmp_path / 'two', 'loss')) == 2, '8 images in batches of 2 on two processes'
    (reported,) = scalars(tmp_path / 'two', 'lowres/PQ')
    found = run_test([str(job.config), str(tmp_path / 'two/epoch_1.pth'), '--work-dir', str(tmp_path / 'one')])
    assert {name: reported[name] for name in found} == pytest.approx(found, abs=1e-3, nan_ok=True)
    assert set(found) >= set(REPORTED)


def test_both_protocols_with_ceiling_pictures_and_dump(job, tmp_path):
    options = ['--protocol', 'both', '--ceiling', '--show-dir', 'pictures', '--out', 'dump', '--work-dir', 'work']
    log = run_tool('test.py', job.config, job.work_dir / 'epoch_4.pth', *options, cwd=tmp_path)
    (results,) = (tmp_path / 'work').glob('test_*.json')
    metrics = json.loads(results.read_text())
    for name in ('PQ', 'AP', 'mIoU'):
        assert 0 <= metrics[f'lowres/{name}'] <= 100
        assert 0 <= metrics[f'native/{name}'] < metrics[f'native_ceiling/{name}'] < 100
    validated = scalars(job.work_dir, 'lowres/PQ')[-1]
    assert {name: metrics[name] for name in REPORTED} == pytest.approx({name: validated[name] for name in REPORTED})
    assert 'Under protocol lowres the ceiling is 100' in log
    for protocol in ('lowres', 'native'):
        assert len(list((tmp_path / 'pictures' / protocol / 'vis_data/vis_image').iterdir())) == 4
        check_dump(tmp_path / 'dump' / protocol, job.data, SIZE if protocol == 'lowres' else None)


def check_dump(folder: Path, data: Path, size: tuple[int, int] | None) -> None:
    """The dump holds each image in the size of its protocol, with the ids of the official json."""
    official = json.loads((data / 'annotations/panoptic_val2017.json').read_text())
    categories = {category['id'] for category in official['categories']}
    images = {image['id']: (image['height'], image['width']) for image in official['images']}
    panoptic = json.loads((folder / 'panoptic.json').read_text())
    assert {one['image_id'] for one in panoptic['annotations']} == set(images)
    for one in panoptic['annotations']:
        assert {segment['category_id'] for segment in one['segments_info']} <= categories
        picture = cv2.imread(str(folder / 'panoptic' / one['file_name']))
        assert picture.shape[:2] == (size or images[one['image_id']])
        labels = cv2.imread(str(folder / 'semantic' / one['file_name']), cv2.IMREAD_UNCHANGED)
        assert labels.shape == picture.shape[:2]
        assert labels.max() < len(official['categories'])
    instances = json.loads((folder / 'instances.json').read_text())
    assert instances, 'some instance is predicted, however bad'
    for one in instances:
        assert one['category_id'] in categories
        assert tuple(one['segmentation']['size']) == (size or images[one['image_id']])


def test_embeddings_are_drawn_on_request_and_predictions_pickled(job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, more in (('with', ['--show-embeddings', '--out', 'predictions.pkl']), ('without', [])):
        # mmengine keeps one visualizer per name in a process: the second must not draw into the folder of the first.
        options = ['--show-dir', folder, *more, '--work-dir', 'work', '--cfg-options', f'visualizer.name={folder}']
        run_test([str(job.config), str(job.work_dir / 'epoch_4.pth'), *options])
    pictures = sorted(Path('with/vis_data/vis_image').iterdir())
    assert len(pictures) == 4
    for path in pictures:
        wide, plain = cv2.imread(str(path)), cv2.imread(str(Path('without/vis_data/vis_image', path.name)))
        image = cv2.imread(str(job.data / 'val2017' / f'{path.stem.split("_")[1]}.jpg'))
        assert wide.shape[0] == plain.shape[0]
        assert wide.shape[1] == plain.shape[1] + panel_shape(image.shape[:2], 384)[1] + GAP
    predictions = pickle.loads(Path('predictions.pkl').read_bytes())
    assert len(predictions) == 4
    assert all({'masks', 'bboxes', 'labels', 'scores'} <= set(one['pred_instances']) for one in predictions)


@pytest.mark.parametrize(('task', 'best'), [('panoptic', 'PQ'), ('instance', 'AP')])
def test_semantic_weights_start_the_other_tasks(task, best, semantic, data, tmp_path):
    given = trunk(torch.load(semantic)['state_dict'])
    runner, start = train_here(write_segment_job(tmp_path, task, data), tmp_path / task, load_from=str(semantic))
    assert len(given) > 50
    torch.testing.assert_close(start.weights, given, rtol=0, atol=0)
    after = trunk(runner.model.state_dict())
    assert any(not torch.equal(after[name], value) for name, value in given.items())
    (reported,) = scalars(tmp_path / task, f'lowres/{best}')
    assert all(math.isfinite(step[name]) for step in scalars(tmp_path / task, 'loss') for name in LOSSES)
    assert ('lowres/PQ' in reported, 'lowres/mIoU' in reported) == (task == 'panoptic',) * 2
    assert (tmp_path / task / f'best_lowres_{best}_epoch_1.pth').is_file()


def test_the_papers_losses_alone_train_and_predict(data, tmp_path):
    config = write_segment_job(tmp_path, 'panoptic', data)
    runner, _ = train_here(config, tmp_path / 'paper', **{'model.segment_head.mode': 'paper'})
    steps = scalars(tmp_path / 'paper', 'loss')
    assert len(steps) == 4
    for step in steps:
        assert {name for name in step if 'loss' in name} == LOSSES - {'loss_seed'}
        assert step['loss'] == pytest.approx(sum(step[name] for name in LOSSES - {'loss', 'loss_seed'}), abs=1e-3)
    assert not any('seed' in name for name in runner.model.state_dict())
    (reported,) = scalars(tmp_path / 'paper', 'lowres/PQ')
    assert all(0 <= reported[name] <= 100 for name in REPORTED)
    runner.model.eval()
    with torch.no_grad():
        samples = [sample for batch in runner.val_dataloader for sample in runner.model.test_step(batch)]
    assert len(samples) == 4
    assert sum(len(sample.pred_instances) for sample in samples) > 0
    for sample in samples:
        assert tuple(sample.pred_panoptic_seg.sem_seg.shape) == (1, *SIZE)
        assert tuple(sample.pred_instances.masks.shape[1:]) == SIZE


def test_the_detector_shown_for_mmdets_configs_trains_with_mmdets_data_set_and_metric(data, tmp_path):
    page = (ROOT / 'docs/how-to/use-our-parts-in-your-config.md').read_text(encoding='utf-8')
    (shown,) = (block for block in re.findall(r'```python\n(.*?)```', page, re.DOTALL) if 'BottomUpPanoptic' in block)
    config = tmp_path / 'shown.py'
    config.write_text(shown.replace('size=128', 'size=64'), encoding='utf-8')
    options: dict[str, object] = {'train_cfg.max_epochs': 1, 'default_hooks.logger.interval': 1}
    for split in ('train', 'val'):
        options[f'{split}_dataloader.num_workers'] = 0
        options[f'{split}_dataloader.persistent_workers'] = False
        options[f'{split}_dataloader.dataset.data_root'] = str(data)
    options['val_evaluator.ann_file'] = str(data / 'annotations/instances_val2017.json')
    train_here(config, tmp_path / 'shown', **options)
    steps = scalars(tmp_path / 'shown', 'loss')
    assert steps
    assert all(math.isfinite(step[name]) for step in steps for name in LOSSES)
    (reported,) = scalars(tmp_path / 'shown', 'coco/segm_mAP')
    assert 0 <= reported['coco/segm_mAP'] <= 1
