"""Training samples that draw from generators seeded by their place in the training, not by who loads them when.

The place of a sample is (seed of the training, iteration, process, number in the batch). So a sample's augmentations
are the same after a resume, with any number of workers, persistent or not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset


def seed_of(*place: int) -> int:
    """Derive a seed from numbers.

    Args:
        *place: Non-negative integers.

    Returns:
        A seed of 32 bits; other numbers give another one.
    """
    return int(np.random.SeedSequence(place).generate_state(1)[0])


def seed_cpu_generators(seed: int) -> None:
    """Seed Python's, numpy's and torch's generators of the CPU.

    Args:
        seed: The seed, of 32 bits.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)


class SeededDataset(Dataset):
    """A data set whose samples are asked for by (index, seed); all else is the data set's own.

    Args:
        dataset: The data set.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, asked: tuple[int, int]) -> Any:
        index, seed = asked
        seed_cpu_generators(seed)
        return self.dataset[index]

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset' or name.startswith('__'):  # not set yet while unpickling; torch asks for __getitems__
            raise AttributeError(name)
        return getattr(self.dataset, name)


class SeededBatches(BatchSampler):
    """A batch sampler that gives each index its seed, and can begin within a round.

    Args:
        batches: The batch sampler that chooses the indices.
        seed: Seed of the training.
        rank: Number of this process.

    Attributes:
        began: Iteration of the training at which the next round begins, or began.
        done: How many batches of the next round were trained on before; they are passed over without being loaded.
    """

    def __init__(self, batches: Any, seed: int, rank: int) -> None:
        self.batches, self.seed, self.rank = batches, seed, rank
        self.began, self.done = 0, 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:  # type: ignore[override]
        for number, indices in enumerate(self.batches):
            if number >= self.done:
                yield self._seeded(indices, self.began + number)

    def _seeded(self, indices: Sequence[int], iteration: int) -> list[tuple[int, int]]:
        return [(index, seed_of(self.seed, iteration, self.rank, place)) for place, index in enumerate(indices)]

    def __getattr__(self, name: str) -> Any:
        if name == 'batches':
            raise AttributeError(name)
        return getattr(self.batches, name)


def seed_loader(loader: DataLoader, seed: int, rank: int) -> SeededBatches | None:
    """Make a data loader draw as described above; it must not be iterated over yet, or be iterated over anew.

    Args:
        loader: The loader, as mmengine built it; changed in place.
        seed: Seed of the training.
        rank: Number of this process.

    Returns:
        The batch sampler that was put in; ``None``, and nothing is changed, for a loader without batches.
    """
    if loader.batch_sampler is None:
        return None
    if not isinstance(loader.batch_sampler, SeededBatches):
        # DataLoader refuses a new data set or sampler after its making; what it guards against is kept: lengths.
        object.__setattr__(loader, 'dataset', SeededDataset(loader.dataset))
        object.__setattr__(loader, 'batch_sampler', SeededBatches(loader.batch_sampler, seed, rank))
        loader._iterator = None  # persistent workers that began before hold the data set as it was
    return cast(SeededBatches, loader.batch_sampler)
