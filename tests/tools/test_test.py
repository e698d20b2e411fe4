"""tools/test.py: protocols, pictures, stored predictions, test-time augmentation."""

import json
import pickle
import shutil

import cv2
import pytest
import torch
from mmengine.config import Config
from small_job import ROOT, run, run_tool, write_job
from tool_calls import call_tool

from mmmaskattn.engine.testing import metrics_table, run_test, use_tta
from mmmaskattn.visualization.legend import GAP, LEGEND, MARGIN, TITLE, panel_shape

JOINED = """
_base_ = '{base}'
single = _base_.test_dataloader.dataset
test_dataloader = dict(
    persistent_workers=True,
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[single, dict(single, data_root='{copy}')]))
"""


@pytest.fixture(scope='module')
def job(tmp_path_factory):
    """A config and a checkpoint after one epoch, with class weights, though the jitter pads with label 255."""
    folder = tmp_path_factory.mktemp('job')
    config = write_job(folder)
    weights = f'model.decode_head.loss_decode.class_weight=[{",".join(["0.5", "1.5"] * 75)}]'
    options = ['--work-dir', 'trained', '--cfg-options', 'train_cfg.max_epochs=1', weights]
    run_tool('train.py', config, *options, cwd=folder)
    return config, folder / 'trained/epoch_1.pth'


@pytest.mark.slow
def test_both_protocols_with_pictures_and_predictions(job, tmp_path):
    config, checkpoint = job
    options = ['--protocol', 'both', '--show-dir', 'pictures', '--out', 'maps', '--work-dir', 'work']
    options += [
        '--cfg-options',
        'train_dataloader.dataset.data_root=nowhere',
    ]  # not read in a test
    log = run_tool('test.py', config, checkpoint, *options, cwd=tmp_path)
    (results,) = (tmp_path / 'work').glob('test_*.json')
    metrics = json.loads(results.read_text())
    assert set(metrics) == {f'{p}/{m}' for p in ('lowres', 'native') for m in ('aAcc', 'mIoU', 'mAcc')}
    assert [line.split()[0] for line in log.splitlines()[-4:-1]] == ['protocol', 'lowres', 'native']
    for path in sorted((tmp_path / 'maps/lowres').iterdir()):
        native = cv2.imread(str(tmp_path / 'maps/native' / path.name), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(config.parent / f'ade20k/images/validation/{path.stem}.jpg'))
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape == (32, 32)
        assert native.shape == image.shape[:2]
        for protocol in ('lowres', 'native'):
            folder = tmp_path / 'pictures' / protocol / 'vis_data/vis_image'
            picture = cv2.imread(str(folder / f'test_{path.stem}_0.png'))
            height, width = panel_shape(image.shape[:2], 384)
            assert picture.shape == (2 * MARGIN + TITLE + height, 2 * MARGIN + 3 * (width + GAP) + LEGEND, 3)
            first = picture[MARGIN + TITLE : MARGIN + TITLE + height, MARGIN : MARGIN + width]
            enlarged = cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
            assert cv2.absdiff(first, enlarged).max() <= 2, 'the image itself'
    again = call_tool('test.py', config, checkpoint, '--out', 'maps/native', cwd=tmp_path)
    assert again.returncode != 0
    assert 'maps/native exists already' in again.stderr


@pytest.mark.long
def test_ceiling_stands_beside_the_figures_of_the_model(job, tmp_path):
    """Also in two processes, which share the images out."""
    config, checkpoint = job
    options = ['--protocol', 'both', '--ceiling', '--work-dir', 'work']
    log = run_tool('test.py', config, checkpoint, *options, cwd=tmp_path)
    (results,) = (tmp_path / 'work').glob('test_*.json')
    metrics = json.loads(results.read_text())
    assert metrics['native/mIoU'] + 10 < metrics['native_ceiling/mIoU'] < 100
    assert [line.split()[0] for line in log.splitlines()[-6:-2]] == ['protocol', 'lowres', 'native', 'native_ceiling']
    assert log.splitlines()[-1].startswith('Under protocol lowres the ceiling is 100')
    script = ROOT / 'tools/dist_test.sh'
    done = run(
        ['bash', script, config, checkpoint, 2, '--protocol', 'native', '--ceiling', '--work-dir', 'two'], tmp_path
    )
    assert done.returncode == 0, done.stdout[-5000:]
    (results,) = (tmp_path / 'two').glob('test_*.json')
    assert json.loads(results.read_text())['native_ceiling/mIoU'] == metrics['native_ceiling/mIoU']


@pytest.mark.slow
def test_augmented_test_in_two_processes_dumps_and_draws_predictions(job, tmp_path):
    config, checkpoint = job
    options = [
        '--tta',
        '--protocol',
        'native',
        '--out',
        'predictions.pkl',
        '--work-dir',
        'my work',
        '--show-dir',
        'seen',
    ]
    script = ROOT / 'tools/dist_test.sh'
    done = run(['bash', script, config, checkpoint, 2, *options], tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]
    assert len(list((tmp_path / 'my work').glob('test_*.json'))) == 1, 'only the first process reports'
    predictions = pickle.loads((tmp_path / 'predictions.pkl').read_bytes())
    assert len(predictions) == 4
    assert len(list((tmp_path / 'seen/vis_data/vis_image').iterdir())) == 4, 'both processes draw their images'
    assert {'img_path', 'pred_sem_seg'} <= set(predictions[0])


@pytest.mark.long
def test_joined_data_sets_with_augmentation_ceiling_pictures_and_maps(job, tmp_path):
    """A set joined with its own copy scores as it does alone; files of one name are told apart."""
    config, checkpoint = job
    shutil.copytree(config.parent / 'ade20k', tmp_path / 'copy')
    joined = tmp_path / 'joined.py'
    joined.write_text(JOINED.format(base=config, copy=tmp_path / 'copy'))
    metrics = {}
    for path in (config, joined):
        options = ['--tta', '--protocol', 'native', '--ceiling', '--out', f'{path.stem}_maps', '--work-dir', path.stem]
        options += ['--show-dir', f'{path.stem}_seen', '--cfg-options', 'test_dataloader.num_workers=0']
        run_tool('test.py', path, checkpoint, *options, cwd=tmp_path)
        (results,) = (tmp_path / path.stem).glob('test_*.json')
        metrics[path] = json.loads(results.read_text())
    assert metrics[joined] == pytest.approx(metrics[config], nan_ok=True)
    assert {'native/mIoU', 'native_ceiling/mIoU'} <= set(metrics[joined])
    assert len(list((tmp_path / 'joined_seen/vis_data/vis_image').iterdir())) == 8
    alone, both = (sorted((tmp_path / f'{path.stem}_maps').iterdir()) for path in (config, joined))
    assert (len(alone), len(both)) == (4, 8)
    assert [path.read_bytes() for path in both] == [path.read_bytes() for path in alone] * 2


def test_missing_checkpoint_is_named(tmp_path):
    config = tmp_path / 'empty.py'
    config.write_text('')
    with pytest.raises(FileNotFoundError, match=r'no checkpoint gone\.pth'):
        run_test([str(config), 'gone.pth'])


def test_existing_predictions_are_never_overwritten(tmp_path):
    config, out = tmp_path / 'job.py', tmp_path / 'out.pkl'
    config.write_text("test_evaluator = dict(type='IoUMetric')")
    out.write_text('precious')
    with pytest.raises(FileExistsError, match=r'out\.pkl exists already'):
        run_test([str(config), str(config), '--out', str(out)])
    assert out.read_text() == 'precious'


def test_tta_without_settings_is_refused():
    with pytest.raises(ValueError, match=r'--tta: .*no tta_pipeline and no tta_model'):
        use_tta(Config(dict(model=dict(type='A'))))


def test_tta_wraps_the_model_and_reaches_a_wrapped_data_set():
    cfg = Config(
        dict(
            model=dict(type='A'),
            tta_model=dict(type='T'),
            tta_pipeline=[dict(type='P')],
            test_dataloader=dict(dataset=dict(type='Repeat', dataset=dict(pipeline=[]))),
        )
    )
    use_tta(cfg)
    assert cfg.model == dict(type='T', module=dict(type='A'))
    assert cfg.test_dataloader.dataset.dataset.pipeline == [dict(type='P')]


def test_show_without_hook_is_refused(tmp_path):
    config = tmp_path / 'job.py'
    config.write_text('')
    with pytest.raises(ValueError, match=r'--show-dir: .*job\.py has no default_hooks\.visualization'):
        run_test([str(config), str(config), '--show-dir', 'pictures'])


def test_table_has_a_line_per_protocol():
    text = metrics_table({'lowres/mIoU': 50.0, 'lowres/aAcc': 61.256, 'native/mIoU': 40.0})
    assert [line.split() for line in text.splitlines()] == [
        ['protocol', 'mIoU', 'aAcc'],
        ['lowres', '50.00', '61.26'],
        ['native', '40.00', '-'],
    ]


def test_table_of_many_metrics_has_a_line_per_metric():
    metrics = {f'{protocol}/{n}': float(n) for protocol in ('lowres', 'native') for n in range(12)}
    lines = [line.split() for line in metrics_table(dict(metrics, **{'native/PQ': 3.0})).splitlines()]
    assert lines[0] == ['metric', 'lowres', 'native']
    assert lines[12:] == [['11', '11.00', '11.00'], ['PQ', '-', '3.00']]


def test_weights_that_are_not_finite_are_refused_in_one_line(job, tmp_path):
    config, checkpoint = job
    spoiled = torch.load(checkpoint, weights_only=False)
    spoiled['state_dict']['decode_head.conv_seg.weight'][0, 0] = float('nan')
    torch.save(spoiled, tmp_path / 'spoiled.pth')
    done = call_tool('test.py', config, 'spoiled.pth', cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        'test: spoiled.pth: weights are nan or inf (decode_head.conv_seg.weight); expected finite ones. Use an earlier '
        'checkpoint.'
    )
