"""A real instance, panoptic or semantic training in miniature: COCO's shipped `tiny` leaf made narrow, 32x48 pixels."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

from mmengine.config import Config
from mmengine.config import config as config_module
from mmengine.hooks import Hook
from mmengine.runner import Runner
from small_job import ROOT
from torch import Tensor
from warm_processes import unformatted

SIZE = (32, 48)

CONFIG = """
_base_ = '{root}/configs/maskattn/coco_{task}_128_tiny.py'
from mmmaskattn.datasets.input_size import with_input_size

train_dataloader = with_input_size(_base_.train_dataloader, {size})
val_dataloader = with_input_size(_base_.val_dataloader, {size})
for loader in (train_dataloader, val_dataloader):
    loader.update(num_workers=0, persistent_workers=False, batch_size=2)
    loader['dataset']['data_root'] = '{data}'
test_dataloader = val_dataloader

narrow = (8, 8, 16, 16, 16)
model = dict(
    backbone=dict(channels=narrow),
    neck=dict(channels=narrow[:4], in_channels=narrow),
    {head},
)
optim_wrapper = dict(optimizer=dict(lr=1e-2))
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = [dict(type='PolyLR', power=0.9, by_epoch=True, begin=0, end=1, convert_to_iter_based=True)]
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=-1))
randomness = dict(seed=0)
del loader, narrow, with_input_size
"""

SEMANTIC_HEAD = 'decode_head=dict(in_channels=8, channels=8), auxiliary_head=None'
SEGMENT_HEAD = (
    'segment_head=dict(in_channels=8, hidden_channels=8, seed_channels=8, class_channels=16, class_warmup=2), '
    'auxiliary_head=None'
)


def write_segment_job(folder: Path, task: str, data: Path) -> Path:
    """Write the config of a task, ``instance``, ``panoptic`` or ``semantic``, for a COCO root; return its path."""
    config = folder / f'{task}.py'
    head = SEMANTIC_HEAD if task == 'semantic' else SEGMENT_HEAD
    config.write_text(CONFIG.format(root=ROOT, task=task, size=SIZE, data=data, head=head))
    return config


def scalars(work_dir: Path, name: str) -> list[dict[str, float]]:
    """The lines that hold a scalar of that name in the log of the only run in a work folder."""
    (log,) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in lines if name in line]


class WeightsAtStart(Hook):
    """Keep a copy of the weights with which training begins, after what it starts from is loaded."""

    def before_train(self, runner: Runner) -> None:
        """Copy them."""
        self.weights = trunk(runner.model.state_dict())


def trunk(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Backbone and neck of a state dict, copied."""
    return {name: value.clone() for name, value in weights.items() if name.startswith(('backbone.', 'neck.'))}


def train_here(config: Path, work_dir: Path, **options: object) -> tuple[Runner, WeightsAtStart]:
    """Train in this process, with options of the config given by their keys."""
    cfg = Config.fromfile(config)
    # A name of its own: mmengine keeps one visualizer, and its folder, per name in a process.
    cfg.merge_from_dict({'work_dir': str(work_dir), 'visualizer.name': str(work_dir), **options})
    with mock.patch.object(config_module, 'FormatCode', unformatted):
        runner = Runner.from_cfg(cfg)
        hook = WeightsAtStart()
        runner.register_hook(hook)
        runner.train()
    return runner, hook
