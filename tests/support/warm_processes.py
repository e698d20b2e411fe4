"""Processes that come from a server which has imported the package once; the imports take seconds each time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import torch
from mmengine.config import config

WARM = multiprocessing.get_context('forkserver')
# A process's first optimizer imports torch._dynamo.
WARM.set_forkserver_preload(['mmmaskattn', 'mmdet.apis', 'mmengine.evaluator', 'torch._dynamo'])


def unformatted(text: str, **_: Any) -> tuple[str, bool]:
    """In place of yapf's function."""
    return text, True


def leave_configs_unformatted() -> None:
    """Print and dump configs as they are, in the whole process: yapf takes most of a tiny training's time."""
    config.FormatCode = unformatted


def run_two(work: Callable[..., None], *arguments: Any) -> None:
    """Run ``work(rank, *arguments)`` in two processes and wait for them; an error of one is raised."""
    torch.multiprocessing.start_processes(work, arguments, nprocs=2, start_method='forkserver')
