"""Peak memory of a model on the CPU: growth of the resident memory of a process of its own.

A peak never goes down again, and what one model leaves to the allocator hides the need of the next; so each model is
built and run in a fresh process: ``python -m mmmaskattn.analysis.comparison.memory`` with the request as JSON.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from mmmaskattn.analysis.comparison.training import training_step
from mmmaskattn.analysis.models import build_seeded_model, random_images, read_config
from mmmaskattn.analysis.timing.latency import inference_call

STATUS, RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')
MARK = 'peak memory: '


@dataclass(frozen=True)
class MemoryRequest:
    """What to run.

    Attributes:
        config: The config file.
        shape: Input (H, W).
        batches: Batch sizes of the forward.
        train_batch: Batch size of the training step, None for no such step.
        forward: ``tensor`` or ``predict``.
        threads: CPU threads.
        options: Settings of the config to override.
    """

    config: str
    shape: tuple[int, int]
    batches: Sequence[int]
    train_batch: int | None
    forward: str
    threads: int
    options: dict[str, Any] = field(default_factory=dict)


def can_measure() -> bool:
    """Whether this system tells a process its peak memory and lets it start anew (Linux does)."""
    return STATUS.is_file() and RESET.exists()


def _status(name: str) -> float:
    """A line of the process's status in MiB."""
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(f'{name}:')]
    return int(line.split()[1]) / 1024


def _peak_of(call: Callable[[], Any], before: float) -> float:
    """MiB by which the resident memory rose above ``before`` during a call."""
    RESET.write_text('5')
    call()
    return _status('VmHWM') - before


def _measure(request: MemoryRequest) -> dict[str, float]:
    torch.set_num_threads(request.threads)
    cfg = read_config(request.config, request.options)
    model = build_seeded_model(cfg)
    before, peaks = _status('VmRSS'), {}
    for batch in sorted(request.batches):
        images = random_images(request.shape, batch)
        peaks[str(batch)] = _peak_of(inference_call(model, images, request.forward), before)
    if request.train_batch:
        images = random_images(request.shape, request.train_batch)
        peaks['train'] = _peak_of(training_step(model, cfg, images), before)
    return peaks


def measure_memory(request: MemoryRequest) -> dict[str, float]:
    """Measure in a new process.

    Returns:
        Peak of the resident memory in MiB above that of the built model, images and one-time buffers included, by batch
        size (as text) and ``train``.

    Raises:
        RuntimeError: If the process fails; the message has the end of its output.
    """
    command = [sys.executable, '-m', 'mmmaskattn.analysis.comparison.memory', json.dumps(asdict(request))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not lines:
        tail = '\n'.join(done.stderr.splitlines()[-5:])
        raise RuntimeError(f'{request.config}: measuring its memory ended with {done.returncode}\n{tail}')
    return json.loads(lines[-1].removeprefix(MARK))


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    print(MARK + json.dumps(_measure(MemoryRequest(**json.loads(sys.argv[1])))))
