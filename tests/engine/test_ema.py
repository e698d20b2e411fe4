"""Averaged weights by mmengine's EMAHook: saved, tested, and the same after a resume or a stop within a validation."""

from __future__ import annotations

import json
import os
import signal

import pytest
import torch
from small_job import run_tool
from tiny_training import Started, differing, train_tiny, write_tiny

HOOKS = """
custom_hooks = [
    dict(type='mmmaskattn.RandomStateHook'),
    dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=0.1, gamma=5),
]
"""


def saved(path, part):
    state = torch.load(path, weights_only=False)[part]
    return {name.removeprefix('module.'): value for name, value in state.items() if name != 'steps'}


def same(path, other, part):
    one, two = saved(path, part), saved(other, part)
    return all(torch.equal(one[name], two[name]) for name in one | two)


@pytest.fixture(scope='module')
def job(tmp_path_factory):
    config = write_tiny(tmp_path_factory.mktemp('ema'))
    config.write_text(config.read_text() + HOOKS)
    train_tiny(config, '--work-dir', 'whole', '--seed', 3)
    return config


def test_the_checkpoint_holds_the_average_first(job, tmp_path):
    """So that tests, deployments and initial weights get it; mmengine's rule."""
    plain = write_tiny(tmp_path)
    train_tiny(plain, '--work-dir', 'plain', '--seed', 3)
    last = job.parent / 'whole/epoch_4.pth'
    trained = saved(tmp_path / 'plain/epoch_4.pth', 'state_dict')
    assert all(torch.equal(value, trained[name]) for name, value in saved(last, 'ema_state_dict').items())
    assert differing(last, tmp_path / 'plain/epoch_4.pth')


@pytest.mark.parametrize('part', ['state_dict', 'ema_state_dict'])
def test_a_resumed_training_has_both_as_a_whole_one(job, tmp_path, part):
    whole = job.parent / 'whole'
    train_tiny(job, '--work-dir', tmp_path, '--resume', whole / 'epoch_2.pth')
    assert not (tmp_path / 'epoch_2.pth').exists()
    assert same(whole / 'epoch_4.pth', tmp_path / 'epoch_4.pth', part)


def test_stopped_within_a_validation_both_are_in_their_places(job, tmp_path):
    started = Started(job, '--work-dir', tmp_path, '--seed', 3, TINY_DELAY='0.05')
    started.until(lambda: 'Saving checkpoint at 2 epochs' in started.text)
    os.kill(started.process.pid, signal.SIGTERM)
    assert started.end() == 143, started.text[-3000:]
    assert 'after iteration 8' in started.text
    assert (tmp_path / 'interrupted.pth').exists()
    for part in ('state_dict', 'ema_state_dict'):
        assert same(job.parent / 'whole/epoch_2.pth', tmp_path / 'interrupted.pth', part)
    train_tiny(job, '--work-dir', tmp_path, '--resume')
    assert same(job.parent / 'whole/epoch_4.pth', tmp_path / 'epoch_4.pth', 'state_dict')


def test_the_best_checkpoint_scores_in_a_test_what_it_did_in_the_validation(job, tmp_path):
    (best,) = (job.parent / 'whole').glob('best_*.pth')
    (log,) = (job.parent / 'whole').glob('*/vis_data/scalars.json')
    scores = [line['lowres/mIoU'] for line in map(json.loads, log.read_text().splitlines()) if 'lowres/mIoU' in line]
    run_tool('test.py', job, best, '--work-dir', tmp_path, cwd=tmp_path, PYTHONPATH=os.environ.get('PYTHONPATH', ''))
    (result,) = tmp_path.glob('test_*.json')
    assert json.loads(result.read_text())['lowres/mIoU'] == pytest.approx(max(scores), abs=0.5)
