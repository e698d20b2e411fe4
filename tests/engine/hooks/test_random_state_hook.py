"""Random states follow (seed, epoch, iteration), whatever was drawn before; workers draw anew in every epoch."""

import logging
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, worker_init_fn
from torch.utils.data import DataLoader, Dataset

from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook


class Draws(Dataset):
    """Each item is what a random augmentation would draw."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.tensor([random.random(), np.random.rand(), torch.rand(()).item()], dtype=torch.float64)


def runner_of(seed=5, **options):
    """The parts of a Runner that the hook reads, with a real data loader as mmengine builds it."""
    data = Draws()
    loader = DataLoader(
        data,
        sampler=DefaultSampler(data, seed=1),
        worker_init_fn=lambda worker: worker_init_fn(worker, options.get('num_workers', 0), 0, seed),
        **options,
    )
    return SimpleNamespace(seed=seed, epoch=0, iter=0, train_dataloader=loader, logger=logging.getLogger('hook'))


def epoch(hook, runner, number):
    runner.epoch, runner.iter = number, 4 * number
    hook.before_train_epoch(runner)
    return torch.cat(list(runner.train_dataloader))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_an_epoch_is_repeated_and_differs_from_the_others(num_workers):
    hook, runner = RandomStateHook(), runner_of(num_workers=num_workers)
    hook.before_train(runner)
    first, second = epoch(hook, runner, 0), epoch(hook, runner, 1)
    assert torch.equal(epoch(hook, runner, 1), second)
    assert not torch.isin(first, second).any(), 'no draw of one epoch may come again in the next'
    assert first.unique().numel() == first.numel()


def test_without_the_hook_workers_repeat_themselves():
    """The fault the hook mends: mmengine seeds the workers of every epoch alike."""
    loader = runner_of(num_workers=2).train_dataloader
    assert torch.equal(torch.cat(list(loader)), torch.cat(list(loader)))


def test_seeds_differ_and_reach_the_sampler():
    hook, one, other = RandomStateHook(), runner_of(5), runner_of(6)
    hook.before_train(other)
    assert other.train_dataloader.sampler.seed == 6
    assert not torch.equal(epoch(hook, one, 0), epoch(hook, other, 0))


def test_persistent_workers_are_warned_of(caplog):
    RandomStateHook().before_train(runner_of(num_workers=1, persistent_workers=True))
    assert 'persistent_workers=True' in caplog.text


def test_processes_draw_different_augmentations(monkeypatch):
    hook, draws = RandomStateHook(), []
    for rank in (0, 1):
        monkeypatch.setattr('mmmaskattn.engine.hooks.random_state_hook.get_rank', lambda rank=rank: rank)
        draws.append(epoch(hook, runner_of(), 1))
    assert not torch.isin(*draws).any()
