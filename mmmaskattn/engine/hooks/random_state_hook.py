"""Random states that depend on the iteration alone, so that a resumed training repeats the uninterrupted one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmmaskattn.engine.seeded_batches import SeededBatches, seed_cpu_generators, seed_loader, seed_of
from mmmaskattn.registry import HOOKS

MODEL = 1
"""Sets the seeds of the model (dropout, sampled pixels) apart from those of the samples."""


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Seed each training sample and each iteration from (seed, iteration, process), and find the place after a resume.

    mmengine saves no random states, so after a resume its augmentations and dropout are others than they would have
    been. Here every sample's draws depend on its place in the training alone, see ``mmmaskattn.engine.seeded_batches``,
    and the process's own generators are seeded before every iteration. A training that was stopped within an epoch
    goes on within it; one counted in iterations goes on at its place in the sampler's order, without loading what it
    passes over. The sampler gets the Runner's seed, which on resume is that of the checkpoint.
    """

    # Before DistSamplerSeedHook (NORMAL) and before the data loader's iterator is made.
    priority = 'HIGH'

    def __init__(self) -> None:
        self._epoch_began: int | None = None
        self._batches: SeededBatches | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Read at which iteration the epoch began in which the training was stopped.

        Args:
            runner: The Runner.
            checkpoint: What was loaded.
        """
        if runner._resume:
            self._epoch_began = checkpoint.get('meta', {}).get('interrupted', {}).get('epoch_began')

    def before_train(self, runner: Runner) -> None:
        """Seed the data loader, and the sampler's order.

        Args:
            runner: The Runner that trains.
        """
        loader = runner.train_dataloader
        sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
        if hasattr(sampler, 'seed'):
            sampler.seed = runner.seed
        self._batches = seed_loader(loader, runner.seed, get_rank())
        if isinstance(runner.train_loop, IterBasedTrainLoop) and self._batches is not None:
            # mmengine has begun to load before a checkpoint told the seed and the place.
            runner.train_loop.dataloader_iterator = _at_iteration(loader, sampler, self._batches, runner.iter)

    def before_train_epoch(self, runner: Runner) -> None:
        """Find the place in the epoch.

        Args:
            runner: The Runner that trains.
        """
        if self._batches is not None and not isinstance(runner.train_loop, IterBasedTrainLoop):
            self._batches.began = runner.iter if self._epoch_began is None else self._epoch_began
            self._batches.done = runner.iter - self._batches.began
        self._epoch_began = None

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed the generators of this process.

        Args:
            runner: The Runner that trains.
            batch_idx: Number of the batch.
            data_batch: The batch.
        """
        seed = seed_of(runner.seed, runner.iter, get_rank(), 0, MODEL)
        seed_cpu_generators(seed)
        if torch.cuda.is_available():
            torch.cuda.manual_seed(seed)


def _at_iteration(loader: DataLoader, sampler: Any, batches: SeededBatches, done: int) -> Iterator[Any]:
    """Batches for ever, from an iteration on; mmengine asks for all that were done first, and gets ``None``."""
    for _ in range(done):
        yield None
    began = 0
    if isinstance(sampler, InfiniteSampler):
        sampler.indices = sampler._indices_of_rank()  # from the start, by the right seed
    else:
        began = done - done % len(batches)
    while True:
        if hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(began // len(batches))
        batches.began, batches.done = began, max(done - began, 0)
        yield from loader
        began += len(batches)
