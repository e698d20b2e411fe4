"""Every sample draws by its place in the training: (seed, iteration, process, number in the batch)."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, worker_init_fn
from torch.utils.data import DataLoader, Dataset

from mmmaskattn.engine import seeded_batches
from mmmaskattn.engine.hooks import random_state_hook
from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook


class Draws(Dataset):
    """Each item is its index and what a random augmentation would draw."""

    metainfo = {'classes': ('a', 'b')}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.rand(), torch.rand(()).item()], dtype=torch.float64)


def runner_of(seed=5, **options):
    """The parts of a Runner that the hook reads, with a real data loader as mmengine builds it."""
    data = Draws()
    loader = DataLoader(
        data,
        batch_size=2,
        sampler=DefaultSampler(data, seed=1),
        worker_init_fn=lambda worker: worker_init_fn(worker, options.get('num_workers', 0), 0, seed),
        **options,
    )
    return SimpleNamespace(seed=seed, epoch=0, iter=0, train_dataloader=loader, train_loop=None, _resume=True)


def epoch(hook, runner, number, done=0):
    runner.epoch, runner.iter = number, 4 * number + done
    if done:
        hook.after_load_checkpoint(runner, dict(meta=dict(interrupted=dict(epoch_began=4 * number))))
    hook.before_train_epoch(runner)
    return torch.cat(list(runner.train_dataloader))


def hooked(runner):
    hook = RandomStateHook()
    hook.before_train(runner)
    return hook


def test_draws_are_the_same_with_any_number_of_workers_and_from_within_an_epoch():
    whole = runner_of()
    hook = hooked(whole)
    first, second = epoch(hook, whole, 0), epoch(hook, whole, 1)
    assert not torch.isin(first[:, 1:], second[:, 1:]).any(), 'no draw of one epoch may come again in the next'
    assert torch.cat([first, second])[:, 1:].unique().numel() == 2 * 8 * 3
    for options in (dict(num_workers=2), dict(num_workers=3, persistent_workers=True)):
        runner = runner_of(**options)
        hook = hooked(runner)
        assert torch.equal(epoch(hook, runner, 1), second)
        assert torch.equal(epoch(hook, runner, 0), first)
    assert torch.equal(epoch(hook, runner, 1, done=3), second[6:])
    assert torch.equal(epoch(hook, runner, 1), second), 'only the first epoch after a resume is cut short'


def test_without_the_hook_workers_repeat_themselves():
    """The fault the hook mends: mmengine seeds the workers of every epoch alike."""
    loader = runner_of(num_workers=2).train_dataloader
    assert torch.equal(torch.cat(list(loader))[:, 1:], torch.cat(list(loader))[:, 1:])


def test_seeds_differ_by_training_and_process_and_reach_the_sampler(monkeypatch):
    one, other = runner_of(5), runner_of(6)
    mine = epoch(hooked(one), one, 0)
    theirs = epoch(hooked(other), other, 0)
    assert other.train_dataloader.sampler.seed == 6
    monkeypatch.setattr(random_state_hook, 'get_rank', lambda: 1)
    second = runner_of(5)
    elsewhere = epoch(hooked(second), second, 0)
    assert not torch.isin(mine[:, 1:], torch.cat([theirs, elsewhere])[:, 1:]).any()


def test_the_model_is_seeded_before_every_iteration_by_process(monkeypatch):
    runner = runner_of()
    hook = hooked(runner)
    draws = []
    for runner.iter, rank in ((0, 0), (1, 0), (0, 0), (0, 1)):
        monkeypatch.setattr(random_state_hook, 'get_rank', lambda rank=rank: rank)
        hook.before_train_iter(runner, 0)
        draws.append([random.random(), np.random.rand(), torch.rand(()).item()])
    assert draws[0] == draws[2]
    assert not set(draws[0]) & {*draws[1], *draws[3]}


def test_the_loader_keeps_its_length_and_its_data_sets_attributes():
    runner = runner_of()
    hooked(runner)
    assert len(runner.train_dataloader) == 4
    assert runner.train_dataloader.dataset.metainfo == Draws.metainfo
    with pytest.raises(AttributeError, match='nothing'):
        runner.train_dataloader.dataset.nothing  # noqa: B018
    assert seeded_batches.seed_loader(DataLoader(Draws(), batch_size=None), 0, 0) is None
