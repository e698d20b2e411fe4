"""SIGINT and SIGTERM: a checkpoint, one line, exit status 130 or 143, and an exact resume."""

import os
import signal

import pytest
from tiny_training import ITERATIONS, Started, differing, train_tiny, train_two, write_tiny

SLOW = dict(TINY_DELAY='0.05')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    config = write_tiny(tmp_path_factory.mktemp('job'), interval=4)
    train_tiny(config, '--work-dir', 'whole', '--seed', 5)
    return config


def stop(started, number, line, whole_group=False):
    started.until(lambda: line in started.text)
    (os.killpg if whole_group else os.kill)(started.process.pid, number)
    return started.end()


@pytest.mark.parametrize(
    ('number', 'workers', 'whole_group'),
    [(signal.SIGINT, 0, False), (signal.SIGINT, 2, True), (signal.SIGTERM, 2, True)],
)
def test_stopped_within_an_epoch_it_goes_on_to_equal_weights(config, tmp_path, number, workers, whole_group):
    """Before the first checkpoint is due, also where a terminal sends the signal to the workers too."""
    options = ('--seed', 5, '--cfg-options', f'train_dataloader.num_workers={workers}')
    started = Started(config, '--work-dir', tmp_path, *options, **SLOW)
    assert stop(started, number, 'Epoch(train) [2][2/4]', whole_group) == 128 + number, started.text[-5000:]
    saved = tmp_path / 'interrupted.pth'
    said = started.text.splitlines()[-1]
    assert f'Stopped by {number.name} after iteration' in said
    assert f'saved in {saved}. Go on with --resume.' in said
    assert 'Traceback' not in started.text
    assert (tmp_path / 'last_checkpoint').read_text() == str(saved)
    train_tiny(config, '--work-dir', tmp_path, '--resume', *options)
    assert differing(config.parent / 'whole/epoch_4.pth', tmp_path / 'epoch_4.pth') == []
    assert not saved.exists(), 'the next checkpoint replaces it'


def test_two_processes_stop_at_the_same_iteration(tmp_path):
    """Only one of them is asked; counted in iterations."""
    config = write_tiny(tmp_path, **ITERATIONS)
    first, second = train_two(config, '--work-dir', 'work', **SLOW)
    first.until(lambda: 'Iter(train) [ 5/16]' in first.text)
    os.kill(second.process.pid, signal.SIGTERM)
    assert (first.end(), second.end()) == (143, 143)
    assert 'Stopped by SIGTERM' in first.text.splitlines()[-1]
    assert 'Traceback' not in first.text + second.text


def test_a_signal_before_the_training_ends_it_at_once(tmp_path):
    config = write_tiny(tmp_path)
    config.write_text(config.read_text().replace("type='TinyRegression'", "type='TinyRegression', wait=60"))
    started = Started(config, '--work-dir', tmp_path / 'work')
    started.until(lambda: 'waiting' in started.text)
    os.kill(started.process.pid, signal.SIGTERM)
    assert started.end() == 143
    assert started.last_lines()[-1] == 'Stopped by SIGTERM at once; nothing more was saved.'
