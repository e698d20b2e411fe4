"""Timing models side by side: rounds in turn, so that a change of the machine's speed meets them all alike."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmmaskattn.analysis.models import BareNetwork, run_model
from mmmaskattn.utils.markdown import markdown_table

LAYOUTS = {'channels_first': torch.contiguous_format, 'channels_last': torch.channels_last}
"""Memory formats by name."""


@dataclass
class Timing:
    """Times of one candidate.

    Attributes:
        milliseconds: One entry for each round.
        peak_mib: Peak memory of the accelerator in MiB, None on the CPU.
    """

    milliseconds: list[float]
    peak_mib: float | None = None

    @property
    def median(self) -> float:
        """Median of the rounds in ms."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """The 95th percentile of the rounds in ms: the smallest time that at least 95 percent do not exceed."""
        ordered = sorted(self.milliseconds)
        return ordered[-(-95 * len(ordered) // 100) - 1]


def time_in_turn(
    candidates: Mapping[str, Callable[[], Any]],
    rounds: int = 30,
    warmup: int = 3,
    device: torch.device | str = 'cpu',
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
    warm: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time the candidates: in every round each of them once, one after the other, the starting one changing.

    Args:
        candidates: Name and the call to time.
        rounds: Rounds timed.
        warmup: Rounds before, not timed.
        device: Where the work runs; an accelerator is waited for before each look at the clock.
        progress: Wraps the rounds to show how far they are.
        warm: Whether each timed call follows an untimed one of the same candidate, so that the processor's caches hold
            its weights and not the last one's.
        clock: Seconds, on the CPU; ``time.process_time`` is disturbed less by other programs.

    Returns:
        The timings in the order of ``candidates``.

    Raises:
        ValueError: If there is no candidate or no round.
    """
    if not candidates or rounds < 1:
        raise ValueError(f'{len(candidates)} candidates and {rounds} rounds: expected at least one of each')
    names = list(candidates)
    timings = {name: Timing([]) for name in names}
    for number in progress(range(-warmup, rounds)):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            if warm:
                candidates[name]()
            milliseconds, peak = _time_once(candidates[name], torch.device(device), clock)
            if number >= 0:
                timings[name].milliseconds.append(milliseconds)
                timings[name].peak_mib = peak
    return timings


def ratios_to_first(timings: Sequence[Timing]) -> list[float]:
    """The median over the rounds of each candidate's time by that of the first in the same round.

    Args:
        timings: Of as many rounds each.
    """
    first = timings[0].milliseconds
    return [median(own / other for own, other in zip(timing.milliseconds, first)) for timing in timings]


def _time_once(call: Callable[[], Any], device: torch.device, clock: Callable[[], float]) -> tuple[float, float | None]:
    """Milliseconds and peak MiB (None on the CPU) of one call."""
    if device.type != 'cuda':
        began = clock()
        call()
        return 1e3 * (clock() - began), None
    torch.cuda.reset_peak_memory_stats(device)
    torch.cuda.synchronize(device)
    began = time.perf_counter()
    call()
    torch.cuda.synchronize(device)
    return 1e3 * (time.perf_counter() - began), torch.cuda.max_memory_allocated(device) / 2**20


def inference_call(model: nn.Module, images: Tensor, mode: str = 'tensor') -> Callable[[], Any]:
    """One forward in evaluation mode under ``torch.inference_mode``.

    Args:
        model: Put into evaluation mode.
        images: (B, C, H, W).
        mode: Forward of mmengine models: ``tensor`` (see :class:`BareNetwork`) or ``predict``.
    """
    model.eval()
    network = BareNetwork(model) if mode == 'tensor' else model

    def _call() -> Any:
        with torch.inference_mode():
            return run_model(network, (images,), mode)

    return _call


def _mean_of_all(outputs: Any) -> Tensor:
    """The sum of the mean squares of every floating tensor in nested outputs: a scalar that reaches all of them."""
    if isinstance(outputs, Tensor):
        return (
            outputs.float().square().mean() if outputs.is_floating_point() else outputs.new_zeros((), dtype=torch.float)
        )
    if isinstance(outputs, Mapping):
        return _mean_of_all(list(outputs.values()))
    if isinstance(outputs, (list, tuple)):
        return torch.stack([_mean_of_all(item) for item in outputs]).sum() if outputs else torch.zeros(())
    raise TypeError(f'cannot time a training step: the forward gave {type(outputs).__name__}, not tensors')


def training_call(model: nn.Module, images: Tensor) -> Callable[[], Any]:
    """Forward in training mode, and backward of the outputs' mean squares; neither loss functions nor the optimizer.

    Args:
        model: Put into training mode.
        images: (B, C, H, W); batch norm on 1x1 maps needs B > 1.
    """
    model.train()

    def _call() -> None:
        model.zero_grad(set_to_none=True)
        _mean_of_all(run_model(model, (images,), 'tensor')).backward()

    return _call


def working_forward(model: nn.Module, images: Tensor) -> str:
    """``tensor`` if the model's bare forward runs, else ``predict``.

    Args:
        model: The model.
        images: (B, C, H, W).
    """
    if not isinstance(model, BaseModel):
        return 'tensor'
    try:
        inference_call(model, images)()
    except TypeError:  # heads that only work with data samples, as Mask2Former's in mmseg
        return 'predict'
    return 'tensor'


def processor_name(device: torch.device | str = 'cpu') -> str:
    """Name of the accelerator, or of the CPU as the system tells it."""
    if torch.device(device).type == 'cuda':
        return torch.cuda.get_device_name(device)
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()


def latency_table(timings: Mapping[str, Timing], notes: Mapping[str, str]) -> str:
    """A Markdown table: median, 95th percentile, and the median over the rounds of the ratio to the first row.

    Args:
        timings: The timings by name.
        notes: The forward used, by name.
    """
    ratios = ratios_to_first(list(timings.values()))
    with_memory = any(timing.peak_mib is not None for timing in timings.values())
    rows = []
    for (name, timing), ratio in zip(timings.items(), ratios):
        row = [name, notes.get(name, ''), f'{timing.median:.2f}', f'{timing.p95:.2f}', f'{ratio:.2f}']
        rows.append([*row, f'{timing.peak_mib:.0f}'] if with_memory else row)
    header = ['model', 'forward', 'median ms', 'p95 ms', 'ratio to the first']
    return markdown_table([*header, 'peak MiB'] if with_memory else header, rows)
