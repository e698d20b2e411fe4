"""Random states that depend on the epoch alone, so that a resumed training repeats the uninterrupted one."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmmaskattn.registry import HOOKS


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Seed Python, numpy and torch at the start of every training epoch from (seed, epoch, iteration, rank).

    mmengine does not save random states, so after a resume its augmentations and dropout are others than they would
    have been. It also gives each worker of the data loader the same seed in every epoch, so that without persistent
    workers the same draws come again in every epoch. Here the workers keep the seed that torch derives from the
    process's state, which is new in each epoch and the same after a resume. The sampler gets the Runner's seed, which
    on resume is that of the checkpoint.

    Workers that persist over epochs carry a state from one epoch to the next; the hook warns of them.
    """

    # Before DistSamplerSeedHook (NORMAL) and before the data loader's iterator is made.
    priority = 'HIGH'

    def before_train(self, runner: Runner) -> None:
        """Take mmengine's constant seeds from the workers, and set the sampler's seed.

        Args:
            runner: The Runner that trains.
        """
        loader = runner.train_dataloader
        loader.worker_init_fn = None
        if hasattr(loader.sampler, 'seed'):
            loader.sampler.seed = runner.seed
        if loader.num_workers and loader.persistent_workers:
            runner.logger.warning(
                'train_dataloader.persistent_workers=True: a resumed training will draw other augmentations than an '
                'uninterrupted one. Set it to False for an exact resume.'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed all generators of this process.

        Args:
            runner: The Runner that trains.
        """
        sequence = np.random.SeedSequence([runner.seed, runner.epoch, runner.iter, get_rank()])
        state = int(sequence.generate_state(1)[0])
        random.seed(state)
        np.random.seed(state)
        torch.manual_seed(state)
