"""The least that tools/train.py trains, with the shipped runtime settings: seconds for a real training and its end.

Every sample draws from Python's, numpy's and torch's generators, and the model has dropout, so that whatever differs
in a resumed training shows in the weights.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from mmengine.structures import BaseDataElement
from torch import distributed as dist
from torch import nn
from torch.utils.data import Dataset
from warm_processes import WARM, leave_configs_unformatted

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
_base_ = '{root}/configs/_base_/{runtime}.py'
custom_imports = dict(imports=['mmmaskattn', 'tiny_training'], allow_failed_imports=False)
model = dict(type='TinyRegression')
loader = dict(num_workers=0, persistent_workers=False, dataset=dict(type='DrawnPoints'))
train_dataloader = dict(batch_size=2, sampler=dict(type='{sampler}', shuffle=True), **loader)
val_dataloader = dict(batch_size=2, sampler=dict(type='DefaultSampler', shuffle=False), **loader)
test_dataloader = val_dataloader
val_evaluator = dict(type='TinyMetric', prefix='lowres')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.05), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(type='PolyLR', power=0.9, {schedule})
train_cfg = dict({train_cfg})
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval={interval}, max_keep_ckpts=-1))
auto_scale_lr = dict(enable=False, base_batch_size=2)
del loader
"""
EPOCHS = dict(
    runtime='default_runtime',
    sampler='DefaultSampler',
    schedule='begin=0, end=4, by_epoch=True, convert_to_iter_based=True',
    train_cfg="type='EpochBasedTrainLoop', max_epochs=4, val_interval=1",
    interval=1,
)
ITERATIONS = dict(
    runtime='default_runtime_160k',
    sampler='InfiniteSampler',
    schedule='begin=0, end=16, by_epoch=False',
    train_cfg="type='IterBasedTrainLoop', max_iters=16, val_interval=6",
    interval=6,
)
"""Four epochs of four iterations, and sixteen iterations."""


@DATASETS.register_module(force=True)
class DrawnPoints(Dataset):
    """Eight points, shifted at random; a sample waits as long as the variable TINY_DELAY says."""

    metainfo: dict = {}

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        time.sleep(float(os.environ.get('TINY_DELAY', '0')))
        shift = random.random() + np.random.rand() + torch.rand(()).item()
        x = torch.tensor([index, index % 3, 1.0]) / 8 + 0.1 * shift
        return dict(inputs=x, data_samples=BaseDataElement(metainfo=dict(img_path=f'pictures/{index}.png')))


@MODELS.register_module(force=True)
class TinyRegression(BaseModel):
    """Three weights and dropout. Its loss is nan for the point and in the iterations that the variables name."""

    def __init__(self, wait: float = 0, data_preprocessor: Any = None) -> None:
        super().__init__(data_preprocessor)
        if wait:
            print('waiting', flush=True)
            time.sleep(wait)
        self.linear = nn.Linear(3, 1)
        self.dropout = nn.Dropout(0.3)
        self.calls = 0
        self.register_buffer('size', torch.zeros(20_000))  # a checkpoint is larger than a log

    def forward(self, inputs: list, data_samples: list, mode: str = 'tensor') -> Any:
        x = torch.stack(list(inputs))
        error = self.linear(self.dropout(x)).squeeze(-1) - x.sum(-1)
        if mode != 'loss':
            return [sample.set_field(float(e), 'error') or sample for e, sample in zip(error, data_samples)]
        self.calls += 1
        bad, rank = os.environ.get('TINY_NAN', '').split(), os.environ.get('RANK', '0')
        if str(self.calls) in bad and rank == os.environ.get('TINY_NAN_RANK', rank):
            error = error * float('nan')
        return {'loss_point': error.square().mean(), 'loss_size': self.linear.weight.square().mean(), 'acc': x.mean()}


@METRICS.register_module(force=True)
class TinyMetric(BaseMetric):
    """The fewer errors the better, in the name of mIoU."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += [sample['error'] for sample in data_samples]

    def compute_metrics(self, results: list) -> dict:
        return {'mIoU': 100 - float(np.abs(results).mean()), 'aAcc': 1.0}


def write_tiny(folder: Path, **settings: Any) -> Path:
    """Write the config; ``settings`` are those of EPOCHS, or of ITERATIONS. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'tiny.py'
    path.write_text(CONFIG.format(root=ROOT, **{**EPOCHS, **settings}))
    return path


class Started:
    """A training in a process of its own, which leads a process group, and what it prints."""

    def __init__(self, config: Path, *options: object, **variables: str):
        self.printed = Path(tempfile.mkstemp(dir=config.parent, suffix='.txt')[1])
        words = [str(config), '--verbose', *map(str, options)]  # the log's own format, on which the tests wait
        arguments = (words, self.printed, variables)
        self.process = WARM.Process(target=_train, args=arguments)
        self.process.start()

    @property
    def text(self) -> str:
        return self.printed.read_text()

    def until(self, condition: Callable[[], Any], timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert self.process.is_alive(), self.text[-3000:]
            assert time.monotonic() < end, self.text[-3000:]
            time.sleep(0.01)

    def end(self, timeout: float = 90) -> int:
        """Wait for it; returns the exit status, negative for a signal."""
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            raise AssertionError(f'did not end in {timeout} s:\n{self.text[-3000:]}')
        return self.process.exitcode

    def last_lines(self) -> list[str]:
        """What was printed to stderr at the end: the lines after mmengine's log."""
        return [line for line in self.text.splitlines() if ' - mmengine - ' not in line and line.strip()]


def train_tiny(config: Path, *options: object, **variables: str) -> str:
    """Train; it must succeed. Returns what was printed."""
    started = Started(config, *options, **variables)
    assert started.end() == 0, started.text[-4000:]
    return started.text


def free_port() -> int:
    return dist.TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False).port


def train_two(config: Path, *options: object, **variables: str) -> list[Started]:
    """Start the two processes of one training, as a launcher does."""
    port = free_port()
    return [
        Started(
            config,
            *('--launcher', 'pytorch', *options),
            **dict(variables, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2'),
            **dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port)),
        )
        for rank in range(2)
    ]


def _train(options: list[str], printed: Path, variables: dict[str, str]) -> None:
    from mmmaskattn.engine.launch import finish_distributed
    from mmmaskattn.engine.training import train

    leave_configs_unformatted()
    os.setsid()
    with printed.open('w') as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(variables)
    os.chdir(Path(options[0]).parent)
    torch.set_num_threads(1)
    limit = int(os.environ.get('TINY_FILE_SIZE', resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    train(options)
    finish_distributed()


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=False)['state_dict']


def differing(first: Path, second: Path) -> list[str]:
    """Names of the weights that differ in a bit between two checkpoints."""
    one, other = weights(first), weights(second)
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]
