"""Two processes of a group, without the seconds that each would take to import everything."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import torch

multiprocessing.set_forkserver_preload(['mmmaskattn', 'mmdet.apis', 'mmengine.evaluator'])


def run_two(work: Callable[..., None], *arguments: Any) -> None:
    """Run ``work(rank, *arguments)`` in two processes and wait for them; an error of one is raised.

    They come from a server that has imported the package once, and nothing else has run in.
    """
    torch.multiprocessing.start_processes(work, arguments, nprocs=2, start_method='forkserver')
