"""A real training job in miniature: the shipped configs, a narrow MaskAttn-UNet, the mini ADE20K set, 32x32 pixels."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from warm_processes import WARM, leave_configs_unformatted
from warm_python import warm_python

from mmmaskattn.data_tools.mini import write_mini

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
_base_ = [
    '{root}/configs/_base_/datasets/ade20k_semantic_128.py',
    '{root}/configs/_base_/schedules/paper_1000e.py',
    '{root}/configs/_base_/default_runtime.py',
]
from mmmaskattn.datasets.input_size import with_input_size

train_dataloader = with_input_size(_base_.train_dataloader, {size})
val_dataloader = with_input_size(_base_.val_dataloader, {size})
test_dataloader = with_input_size(_base_.test_dataloader, {size})
tta_pipeline = with_input_size(_base_.tta_pipeline, {size})
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader.update(num_workers=0, persistent_workers=False)
    loader['dataset']['data_root'] = '{data}'

narrow = dict(arch='tiny', channels=(8, 8, 16, 16, 16))
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True,
        pad_val=0, seg_pad_val=255, size={size}),
    backbone=dict(type='mmmaskattn.MaskAttnUNet', **narrow),
    neck=dict(type='mmmaskattn.MaskAttnDecoder', arch='tiny', in_channels=[8, 8, 16, 16, 16], channels=(8, 8, 16, 16)),
    decode_head=dict(
        type='FCNHead', in_channels=8, channels=8, in_index=0, num_convs=0, concat_input=False, dropout_ratio={dropout},
        num_classes=150, norm_cfg=dict(type='mmmaskattn.CrossProcessBN'), align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss')),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
train_cfg = dict(max_epochs=2, val_interval=100)
param_scheduler = [
    dict(type='WarmupLR', start_factor=0.01, by_epoch=True, begin=0, end=0.5, convert_to_iter_based=True),
    dict(type='PolyLR', power=0.9, by_epoch=True, begin=0, end=2, convert_to_iter_based=True),
]
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=-1))
del loader, with_input_size, narrow
"""


def write_job(folder: Path, num_train: int = 8, num_val: int = 4, dropout: float = 0.0) -> Path:
    """Write data and config of the job into a folder and return the config's path."""
    data = folder / 'ade20k'
    write_mini('ade20k', data, num_train=num_train, num_val=num_val, size=(48, 64), seed=0)
    config = folder / 'job.py'
    config.write_text(CONFIG.format(root=ROOT, data=data, size=(32, 32), dropout=dropout))
    return config


def run(command: list, cwd: Path, timeout: float = 300, **variables: str) -> subprocess.CompletedProcess:
    """Run a command as a user would, with the package on the path; outputs are captured together.

    What shell scripts and launchers take for Python has the imports behind it.
    """
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': f'{ROOT}:{ROOT}/runtime'}
    environment |= {'PYTHON': warm_python(), 'PYTHON_EXEC': warm_python(), **variables}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


def run_tool(tool: str, *arguments: object, cwd: Path, **variables: str) -> str:
    """Run a Python tool of ours from another folder; it must succeed. Returns what it printed.

    In a process of its own, as a user would, but from a server that has the imports behind it.
    """
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, 'printed')
        script = [str(word) for word in (ROOT / 'tools' / tool, *arguments)]
        process = WARM.Process(target=_as_script, args=(script, cwd, variables, printed))
        process.start()
        process.join(timeout=300)
        if process.is_alive():
            process.kill()
            process.join()
        text = printed.read_text()
    assert process.exitcode == 0, text[-6000:]
    return text


def _as_script(script: list[str], cwd: Path, variables: dict[str, str], printed: Path) -> None:
    with printed.open('w') as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(variables)
    os.chdir(cwd)
    sys.argv = script
    leave_configs_unformatted()
    torch.set_num_threads(1)
    runpy.run_path(script[0], run_name='__main__')
