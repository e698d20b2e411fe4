"""A real instance, panoptic or semantic training in miniature: COCO's shipped `tiny` leaf made narrow, 32x48 pixels."""

from __future__ import annotations

from pathlib import Path

from small_job import ROOT

from mmmaskattn.datasets.mini import write_mini

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
train_cfg = dict(val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=-1))
del loader, narrow, with_input_size
"""

SEMANTIC_HEAD = f'decode_head=dict(in_channels=8, channels=8), data_preprocessor=dict(size={SIZE})'
SEGMENT_HEAD = 'segment_head=dict(in_channels=8, hidden_channels=8, seed_channels=8, class_channels=16, class_warmup=2)'


def write_segment_data(folder: Path, num_train: int = 4, num_val: int = 4) -> Path:
    """Write the data that all tasks read and return its root."""
    return write_mini('coco', folder / 'coco', num_train=num_train, num_val=num_val, size=(48, 64), seed=0)


def write_segment_job(folder: Path, task: str, data: Path) -> Path:
    """Write the config of a task, ``instance``, ``panoptic`` or ``semantic``, and return its path."""
    config = folder / f'{task}.py'
    head = SEMANTIC_HEAD if task == 'semantic' else SEGMENT_HEAD
    config.write_text(CONFIG.format(root=ROOT, task=task, size=SIZE, data=data, head=head))
    return config
