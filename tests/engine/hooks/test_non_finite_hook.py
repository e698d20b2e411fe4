"""A loss that is nan stops the training within the iteration, or is left out; its losses and pictures are named."""

import re

import pytest
import torch
from tiny_training import Started, train_two, weights, write_tiny

from mmmaskattn.engine.hooks.non_finite_hook import NonFiniteHook

NAMED = r'Iteration 6 \(epoch 2\): loss_point=nan{}with pictures/\d\.png, pictures/\d\.png\.'


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp('job'))


def test_it_stops_within_the_iteration_and_keeps_what_is_healthy(config, tmp_path):
    started = Started(config, '--work-dir', tmp_path, TINY_NAN='6')
    assert started.end() == 1
    assert 'Epoch(train) [2][1/4]' in started.text
    assert 'Epoch(train) [2][2/4]' not in started.text
    assert re.match(NAMED.format(' '), started.last_lines()[-1])
    assert 'Traceback' not in started.text
    saved = sorted(path.name for path in tmp_path.glob('*.pth'))
    assert saved == ['best_lowres_mIoU_epoch_1.pth', 'epoch_1.pth']
    assert all(value.isfinite().all() for value in weights(tmp_path / 'epoch_1.pth').values())


def test_all_processes_leave_the_iteration_out(config, tmp_path):
    """It is nan on one of them; the weights stay equal and finite, the logged means too."""
    options = ('--cfg-options', 'default_hooks.non_finite.action=skip', 'train_cfg.max_epochs=6')
    first, second = train_two(config, '--work-dir', tmp_path, *options, TINY_NAN='3 6', TINY_NAN_RANK='1')
    assert (first.end(), second.end()) == (0, 0), first.text[-2000:]
    assert re.search(r'loss_point=nan on process 1 with pictures/\d\.png, .* left out \(2 so far\)', first.text)
    assert 'loss: nan' not in first.text
    assert all(value.isfinite().all() for value in weights(tmp_path / 'epoch_6.pth').values())


def test_too_many_in_a_row_stop_it(config, tmp_path):
    options = ('default_hooks.non_finite.action=skip', 'default_hooks.non_finite.most_in_a_row=2')
    started = Started(config, '--work-dir', tmp_path, '--cfg-options', *options, TINY_NAN='1 3 4 5')
    assert started.end() == 1
    assert 'Iteration 5 (epoch 2)' in started.last_lines()[-1]


@pytest.mark.parametrize('options', [dict(action='pass'), dict(most_in_a_row=0)])
def test_wrong_options_are_named(options):
    with pytest.raises(ValueError, match=f'NonFiniteHook: option {next(iter(options))} is .*; expected'):
        NonFiniteHook(**options)


def test_weights_that_are_not_finite_are_refused_by_name(config, tmp_path):
    path = tmp_path / 'spoiled.pth'
    torch.save(
        {'state_dict': {'linear.weight': torch.full((1, 3), float('-inf')), 'linear.bias': torch.zeros(1)}}, path
    )
    started = Started(config, '--work-dir', tmp_path, '--cfg-options', f'load_from={path}')
    assert started.end() == 1
    assert started.last_lines()[-1].startswith(f'{path}: weights are nan or inf (linear.weight)')
