"""Whatever counts its length, stops it or loads its data: a resumed training ends with the weights of a whole one."""

import pytest
from tiny_training import ITERATIONS, differing, train_tiny, train_two, write_tiny


def workers(number):
    return ('--cfg-options', f'train_dataloader.num_workers={number}')


@pytest.fixture(scope='module')
def iterations(tmp_path_factory):
    """A config counted in iterations, and the end of its uninterrupted training."""
    config = write_tiny(tmp_path_factory.mktemp('whole'), **ITERATIONS)
    train_tiny(config, '--work-dir', 'whole', '--seed', 3, *workers(0))
    return config


@pytest.mark.parametrize(('number', 'sampler'), [(0, 'InfiniteSampler'), (2, 'InfiniteSampler'), (0, 'DefaultSampler')])
def test_counted_in_iterations(iterations, tmp_path, number, sampler):
    """From iteration 6, which is within a round of the data; without a seed, which the checkpoint must tell."""
    whole, config = iterations.parent / 'whole', iterations
    if sampler != 'InfiniteSampler':
        whole, config = tmp_path / 'whole', write_tiny(tmp_path, **{**ITERATIONS, 'sampler': sampler})
        train_tiny(config, '--work-dir', whole)
    resumed = tmp_path / 'resumed'
    train_tiny(config, '--work-dir', resumed, '--resume', whole / 'iter_6.pth', *workers(number))
    assert not (resumed / 'iter_6.pth').exists(), 'the resumed run began from the start'
    assert differing(whole / 'iter_16.pth', resumed / 'iter_16.pth') == []
    assert differing(whole / 'iter_12.pth', whole / 'iter_16.pth'), 'the weights must move, or equality says nothing'


def test_two_processes_counted_in_iterations(iterations, tmp_path):
    def train(*options):
        assert [one.end() for one in train_two(iterations, *options)] == [0, 0]

    train('--work-dir', tmp_path / 'whole')
    train('--work-dir', tmp_path / 'resumed', '--resume', tmp_path / 'whole/iter_6.pth', *workers(2))
    assert differing(tmp_path / 'whole/iter_16.pth', tmp_path / 'resumed/iter_16.pth') == []
