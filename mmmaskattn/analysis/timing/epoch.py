"""Time of an epoch of training by the Runner, against a plain loop over the same model with its data in memory.

After each iteration of the Runner, with the config's own hooks and loader, the plain loop does one: forward, losses,
backward, clipping, optimizer. So whatever else the machine does meets both alike. The plain loop's batches are loaded,
augmented and normalised beforehand: the ratio is what the Runner, its hooks and the loading of data cost on top of the
network. Worker processes load on while the plain loop works, so one that takes longer than an iteration is flattered.
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.optim import Optimizer

from mmmaskattn.datasets.check_root import leaf_datasets
from mmmaskattn.utils.markdown import markdown_table


class LoadingSetting(NamedTuple):
    """How the Runner loads its data.

    Attributes:
        cache: ``none``, ``ram`` or ``disk``.
        workers: Worker processes.
    """

    cache: str
    workers: int


class EpochTimes(NamedTuple):
    """Seconds of whole epochs.

    Attributes:
        runner: By the clock, of the Runner; the first epoch is not among them.
        plain: By the clock, of the plain loop.
        runner_cpu: Processor time of the Runner's own process.
        plain_cpu: Processor time of the plain loop.
        loading_cpu: Processor time of the Runner's own process between iterations: loading, or waiting for workers.
        first: By the clock, of the Runner's first epoch, in which a cache is filled.
        iterations: Of an epoch.
        images: Of an epoch.
    """

    runner: list[float]
    plain: list[float]
    runner_cpu: list[float]
    plain_cpu: list[float]
    loading_cpu: list[float]
    first: float
    iterations: int
    images: int

    @property
    def ratio(self) -> float:
        """Median over the epochs of the Runner's time / the plain loop's after it."""
        return median(mine / plain for mine, plain in zip(self.runner, self.plain))


class PlainLoop:
    """A training loop of a few lines, over batches in memory.

    Args:
        model: What it trains.
        cfg: The config, for the optimizer and the clipping.
        batches: What the loader gave.
    """

    def __init__(self, model: Any, cfg: Config, batches: Sequence[Any]) -> None:
        self.model = model
        self.clip = cfg.optim_wrapper.get('clip_grad')
        self.optimizer = _plain_optimizer(build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper)).optimizer)
        self.batches = [self.model.data_preprocessor(batch, training=True) for batch in batches]
        self.model.train()

    def step(self, number: int) -> None:
        """Train on one batch.

        Args:
            number: Which.
        """
        loss, _ = self.model.parse_losses(self.model(**self.batches[number], mode='loss'))
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip['max_norm'])
        self.optimizer.step()


def _plain_optimizer(built: Optimizer) -> Optimizer:
    """The same optimizer with one group for each set of options; mmengine makes one for each parameter."""
    groups: dict[str, dict[str, Any]] = {}
    for group in built.param_groups:
        options = {name: value for name, value in group.items() if name != 'params'}
        groups.setdefault(repr(options), {**options, 'params': []})['params'] += group['params']
    kind: Any = type(built)
    return kind(list(groups.values()))


class _Start(Hook):
    """The beginning of an epoch and of its iterations, before all other hooks."""

    priority = 0

    def __init__(self) -> None:
        self.began = self.between = self.loading = np.zeros(2)

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clocks of an epoch."""
        self.began = self.between = _clocks()
        self.loading = np.zeros(2)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Add what was waited for the batch."""
        self.loading = self.loading + _clocks() - self.between


class _End(Hook):
    """The end of an epoch and of its iterations, after all other hooks; there the plain loop works."""

    priority = 100

    def __init__(self, start: _Start, batches: Sequence[Any]) -> None:
        self.start, self.batches = start, batches
        self.spent = np.zeros(2)
        self.epochs: list[tuple[float, ...]] = []

    def before_train(self, runner: Runner) -> None:
        """Copy the model for the plain loop."""
        self.plain = PlainLoop(copy.deepcopy(runner.model), runner.cfg, self.batches)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Do the plain loop's iteration."""
        began = _clocks()
        self.plain.step(batch_idx)
        self.start.between = _clocks()
        self.spent = self.spent + self.start.between - began

    def after_train_epoch(self, runner: Runner) -> None:
        """Keep the times of both."""
        own = _clocks() - self.start.began - self.spent
        self.epochs.append((own[0], self.spent[0], own[1], self.spent[1], self.start.loading[1]))
        self.spent = np.zeros(2)


def _clocks() -> np.ndarray:
    """Seconds by the clock and of processor time."""
    return np.array([time.perf_counter(), time.process_time()])


def time_epochs(cfg: Config, setting: LoadingSetting, epochs: int, images: int | None = None) -> EpochTimes:
    """Train for some epochs and time them.

    Args:
        cfg: The config; it is not changed.
        setting: How the data is loaded.
        epochs: Epochs to time; one more is trained before.
        images: Take only that many images of the training set.

    Returns:
        The times.

    Raises:
        ValueError: If the config counts iterations instead of epochs.
    """
    with tempfile.TemporaryDirectory() as folder:
        cfg = _prepared(cfg, setting, epochs, images, folder)
        loader = copy.deepcopy(cfg.train_dataloader)
        with redirect_stdout(StringIO()):  # pycocotools
            runner = Runner.from_cfg(cfg)
            batches = list(Runner.build_dataloader(_with_workers(loader, 0), seed=0))
        start = _Start()
        end = _End(start, batches)
        runner.register_hook(start)
        runner.register_hook(end)
        runner.train()
    first, *timed = end.epochs
    mine, plain, mine_cpu, plain_cpu, loading = (list(column) for column in zip(*timed))
    count = len(batches) * cfg.train_dataloader.batch_size
    return EpochTimes(mine, plain, mine_cpu, plain_cpu, loading, first[0], len(batches), count)


def _prepared(cfg: Config, setting: LoadingSetting, epochs: int, images: int | None, folder: str) -> Config:
    """A copy of the config for a timed training: no validation, no pretrained weights to fetch."""
    cfg = copy.deepcopy(cfg)
    if cfg.train_cfg.get('type', 'EpochBasedTrainLoop') != 'EpochBasedTrainLoop':
        raise ValueError(f'{cfg.filename}: train_cfg.type={cfg.train_cfg.type}: expected a config counted in epochs')
    cfg.work_dir, cfg.log_level = folder, 'ERROR'
    cfg.experiment_name = cfg.visualizer.name = Path(folder).name  # or those of the training before are taken again
    cfg.train_cfg.max_epochs = epochs + 1
    for part in ('dataloader', 'cfg', 'evaluator'):
        cfg[f'val_{part}'] = cfg[f'test_{part}'] = None
    _with_workers(cfg.train_dataloader, setting.workers)
    for _, leaf in leaf_datasets(cfg.train_dataloader.dataset, 'dataset') if images else ():
        leaf['indices'] = images
    cfg.default_hooks.cache = dict(type='mmmaskattn.SampleCacheHook', where=setting.cache)
    cfg.default_hooks.pop('visualization', None)  # of validation alone
    cfg.default_hooks.get('checkpoint', {}).pop('save_best', None)
    return cfg


def _with_workers(loader: Any, workers: int) -> Any:
    loader['num_workers'] = workers
    for option in ('persistent_workers', 'prefetch_factor') if not workers else ():
        loader.pop(option, None)
    return loader


def epoch_rows(times: dict[LoadingSetting, EpochTimes]) -> Iterator[list[str]]:
    """A row for each setting."""
    for setting, found in times.items():
        ratio_cpu = median(mine / plain for mine, plain in zip(found.runner_cpu, found.plain_cpu))
        yield [
            setting.cache,
            str(setting.workers),
            f'{median(found.runner):.2f}',
            f'{median(found.plain):.2f}',
            f'{found.ratio:.2f}',
            f'{ratio_cpu:.2f}',
            f'{1e3 * median(found.loading_cpu) / found.images:.2f}',
            f'{found.first:.2f}',
        ]


def epoch_table(times: dict[LoadingSetting, EpochTimes]) -> str:
    """A Markdown table of epochs.

    Args:
        times: The times by setting.
    """
    header = ['cache', 'workers', 'Runner, s', 'plain loop, s', 'ratio', 'ratio of CPU time']
    header += ['loading, CPU ms an image', 'first epoch, s']
    return markdown_table(header, list(epoch_rows(times)))
