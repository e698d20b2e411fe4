"""A setting that is changed at resume holds as if it had held from the start, or the resume is refused."""

import pytest
import torch
from tiny_training import Started, differing, train_tiny, write_tiny


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """A training of two epochs of a planned four: its checkpoint is halfway down the schedule."""
    folder = tmp_path_factory.mktemp('job')
    config = write_tiny(folder)
    train_tiny(config, '--work-dir', 'short', '--seed', 1, '--cfg-options', 'train_cfg.max_epochs=2')
    return config


def groups(path):
    return torch.load(path, weights_only=False)['optimizer']['param_groups'][0]


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ((), 'PolyLR.end: 8 -> 16'),
        (('param_scheduler.power=2.0',), 'PolyLR.power: 0.9 -> 2.0'),
        (
            ('optim_wrapper.optimizer.lr=0.01', 'optim_wrapper.optimizer.weight_decay=0.5'),
            'optimizer.lr: 0.05 -> 0.01; optimizer.weight_decay: 0.01 -> 0.5',
        ),
        (('train_dataloader.batch_size=4',), 'iterations per epoch: 4 -> 2'),
    ],
)
def test_the_rate_is_that_of_a_training_by_these_settings_throughout(config, tmp_path, options, said):
    whole, resumed, short = tmp_path / 'whole', tmp_path / 'resumed', config.parent / 'short/epoch_2.pth'
    options = ('--cfg-options', 'train_cfg.max_epochs=4', *options)
    if 'power' in said:
        options = (*options, 'param_scheduler.end=4')  # a schedule set by hand is not stretched
    train_tiny(config, '--work-dir', whole, *options)
    printed = train_tiny(config, '--work-dir', resumed, '--resume', short, *options)
    assert said in printed
    for epoch in (3, 4):
        mine, other = (groups(folder / f'epoch_{epoch}.pth') for folder in (resumed, whole))
        assert {k: v for k, v in mine.items() if k != 'params'} == {k: v for k, v in other.items() if k != 'params'}
    assert groups(resumed / 'epoch_3.pth')['lr'] > 0
    assert differing(resumed / 'epoch_3.pth', resumed / 'epoch_4.pth'), 'epochs 3 and 4 must train'


def test_unchanged_settings_say_nothing(config, tmp_path):
    short = config.parent / 'short/epoch_1.pth'
    option = ('--cfg-options', 'train_cfg.max_epochs=2')
    printed = train_tiny(config, '--work-dir', tmp_path, '--resume', short, *option)
    assert 'changed settings' not in printed
    assert differing(config.parent / 'short/epoch_2.pth', tmp_path / 'epoch_2.pth') == []


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (('train_cfg.max_epochs=1',), 'has done 2 epochs, train_cfg.max_epochs is 1; set it to more'),
        (('optim_wrapper.optimizer.type=SGD',), 'another optimizer; set optim_wrapper.optimizer as it was'),
    ],
)
def test_what_cannot_hold_is_refused_in_one_line(config, tmp_path, options, said):
    short = config.parent / 'short/epoch_2.pth'
    started = Started(config, '--work-dir', tmp_path, '--resume', short, '--cfg-options', *options)
    assert started.end() == 1
    assert said in started.last_lines()[-1]
    assert 'Traceback' not in started.text
