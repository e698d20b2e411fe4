"""How the runs of a comparison share the machine, and how far they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import Any

import torch
from mmengine.config import Config

from mmmaskattn.analysis.accuracy.runs import Run
from mmmaskattn.datasets.check_root import LOADERS
from mmmaskattn.utils.progress import usable_cores

SECONDS_BETWEEN_LOOKS = 5.0
_SHARE = 0.5
"""Of the free memory that the caches of all runs together may take."""


def jobs_at_once(threads: int, runs: int) -> int:
    """Number of runs that keep the machine busy: as many as there are cores for their threads; on a GPU one.

    Args:
        threads: Threads of a run.
        runs: Number of runs.

    Returns:
        1 or more.
    """
    most = 1 if torch.cuda.is_available() else usable_cores() // threads
    return max(1, min(most, runs))


def speed_options(cfg: Config, given: Sequence[str], threads: int, jobs: int) -> tuple[str, ...]:
    """Settings of the loaders for runs that share the cores: a worker process only where a core is left over.

    Args:
        cfg: The config.
        given: What the user has set, ``key=value``; it stays.
        threads: Threads of a run.
        jobs: Runs at once.

    Returns:
        Settings, ``key=value``.
    """
    spare = max(0, usable_cores() // jobs - threads)
    names = {loader: cfg[loader].get('num_workers', 0) for loader in LOADERS if cfg.get(loader)}
    told = {word.partition('=')[0] for word in given}
    settings = {f'{loader}.num_workers': min(spare, number) for loader, number in names.items()}
    return tuple(f'{key}={value}' for key, value in settings.items() if key not in told)


def cache_words(cache: str, jobs: int) -> tuple[str, ...]:
    """Words for ``tools/train.py`` that ask for a cache, each run for its part of the memory.

    Args:
        cache: Where the cache is to be.
        jobs: Runs at once.
    """
    return () if cache == 'none' else ('--cache', cache, '--cache-share', f'{_SHARE / jobs:.4g}')


def epochs_begun(run: Run) -> int:
    """How many epochs a training has begun, by its log; 0 before the first line.

    Args:
        run: The run.
    """
    logs = sorted(run.folder.glob('*/vis_data/scalars.json'), key=lambda path: path.stat().st_mtime)
    lines = logs[-1].read_text(errors='replace').splitlines() if logs else []
    return max((_epoch_of(line) for line in lines[-3:]), default=0)


def _epoch_of(line: str) -> int:
    try:
        return int(json.loads(line).get('epoch', 0))
    except ValueError:  # it is just being written
        return 0


def epochs_of(runs: Iterable[Run], futures: dict[Future, Run], finish: Callable[[Future], Any]) -> Iterator[Run]:
    """Watch runs that work.

    Args:
        runs: All that are to be done.
        futures: Their futures.
        finish: Called with each future when it is done.

    Yields:
        A run for each epoch that it has got further, all its epochs when it has ended.
    """
    counted = {run: min(epochs_begun(run), run.epochs) for run in runs}
    working = dict(futures)
    while working:
        done, _ = wait(working, timeout=SECONDS_BETWEEN_LOOKS, return_when='FIRST_COMPLETED')
        for future in done:
            finish(future)
        for future, run in list(working.items()):
            now = run.epochs if future in done else max(0, epochs_begun(run) - 1)
            for _ in range(counted[run], now):
                yield run
            counted[run] = max(counted[run], now)
        working = {future: run for future, run in working.items() if future not in done}


def epochs_left(runs: Iterable[Run]) -> int:
    """Number of epochs that are still to be trained.

    Args:
        runs: All that are to be done.
    """
    return sum(run.epochs - min(epochs_begun(run), run.epochs) for run in runs)
