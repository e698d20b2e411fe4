"""Time of grouping alone, on crafted embeddings of crowded and of ordinary images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmmaskattn.analysis.timing.latency import Timing, processor_name, time_in_turn
from mmmaskattn.models.grouping import GroupingOptions, group_by_prototypes
from mmmaskattn.utils.markdown import markdown_table

ORDINARY_INSTANCES = 8
REFERENCE = 'matrix product'


class GroupingInput(NamedTuple):
    """What grouping takes, for one image.

    Attributes:
        embeddings: float (1, D, H, W), unit length.
        seed_map: float (1, H, W).
        p_thing: float (1, H, W).
    """

    embeddings: Tensor
    seed_map: Tensor
    p_thing: Tensor


@dataclass
class GroupingBenchmark:
    """Results of one run.

    Attributes:
        wall: Times by the clock, by name; the first is the matrix product that others are compared with.
        processor: Milliseconds of processor time of each round, which other programs on the machine disturb less.
        conditions: What it was measured with, in words.
    """

    wall: dict[str, Timing]
    processor: dict[str, Timing]
    conditions: str

    def table(self) -> str:
        """Return a Markdown table and a line of conditions."""
        reference = self.processor[REFERENCE].milliseconds
        rows = []
        for name, wall in self.wall.items():
            own = self.processor[name]
            ratio = median(mine / other for mine, other in zip(own.milliseconds, reference))
            times = (wall.median, wall.p95, min(own.milliseconds), own.median, own.p95)
            rows.append([name, *(f'{value:.2f}' for value in times), f'{ratio:.1f}'])
        clock, processor = ['median ms', 'p95 ms'], ['least ms of CPU', 'median ms of CPU', 'p95 ms of CPU']
        header = ['what', *clock, *processor, 'CPU / product']
        return f'{markdown_table(header, rows)}\n\n{self.conditions}'


def crafted_image(instances: int, side: int = 64, channels: int = 48, seed: int = 0) -> GroupingInput:
    """An image full of instances: equal squares with distinct embeddings, noise, one seed in each.

    Args:
        instances: number of squares; places of the grid left over are background.
        side: H and W.
        channels: D.
        seed: random seed.

    Raises:
        ValueError: The squares would have less than two pixels a side.
    """
    per_side = int(-(-(instances**0.5) // 1))
    if instances < 1 or side < 2 * per_side:
        raise ValueError(f'{instances} instances in {side}x{side} pixels: expected at least 1, of 2x2 pixels or more')
    generator = torch.Generator().manual_seed(seed)
    cell = torch.arange(side) * per_side // side
    ids = cell[:, None] * per_side + cell
    vectors = _distinct_directions(instances + 1, channels, generator)
    noise = 0.05 * torch.randn(side, side, channels, generator=generator)
    embeddings = F.normalize(vectors[ids.clamp(max=instances)] + noise, dim=2).permute(2, 0, 1)[None].contiguous()
    middles = (torch.arange(per_side) * 2 + 1) * side // (2 * per_side)
    places = (middles[:, None] * side + middles).flatten()[:instances]
    seed_map = torch.zeros(side * side)
    seed_map[places] = 0.3 + 0.6 * torch.rand(instances, generator=generator)
    p_thing = torch.where(ids < instances, 0.9, 0.1)
    return GroupingInput(embeddings, seed_map.view(1, side, side), p_thing[None])


def _distinct_directions(count: int, channels: int, generator: torch.Generator) -> Tensor:
    """Unit vectors (count, channels), each the least like those before it out of 4096."""
    pool = F.normalize(torch.randn(4096, channels, generator=generator), dim=1)
    chosen, likeness = [0], pool @ pool[0]
    while len(chosen) < count:
        chosen.append(int(likeness.argmin()))
        likeness = torch.maximum(likeness, pool @ pool[chosen[-1]])
    return pool[chosen]


def _timed_too(call: Callable[[], object], milliseconds: list[float]) -> None:
    """Run a call and note its processor time."""
    began = time.process_time()
    call()
    milliseconds.append(1e3 * (time.process_time() - began))


def _group(image: GroupingInput, options: GroupingOptions) -> int:
    """Group one image and return the number of instances."""
    with torch.inference_mode():
        return int(group_by_prototypes(*image, options).valid.sum())


def benchmark_grouping(
    most: Sequence[int] = (64, 100),
    side: int = 64,
    channels: int = 48,
    rounds: int = 50,
    warmup: int = 5,
    threads: int = 1,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> GroupingBenchmark:
    """Time grouping of one image, in rounds interleaved with a fixed matrix product.

    Args:
        most: values of K; each with an image of K instances and with one of 8.
        side: H and W.
        channels: D.
        rounds: timed rounds.
        warmup: rounds before, not timed.
        threads: CPU threads.
        progress: wraps the rounds to show how far they are.

    Returns:
        The timings; print their ``table()``.

    Raises:
        ValueError: The instances do not fit, or grouping did not find each of them.
    """
    left, right = torch.ones(100, channels), torch.ones(channels, side * side)
    candidates: dict[str, Callable[[], object]] = {REFERENCE: partial(torch.mm, left, right)}
    for count in most:
        for instances in sorted({count, min(count, ORDINARY_INSTANCES)}, reverse=True):
            image, options = crafted_image(instances, side, channels), GroupingOptions(max_instances=count)
            found = _group(image, options)
            if found != instances:
                raise ValueError(f'{found} of {instances} instances found; expected all: use more channels or pixels')
            candidates[f'K = {count}, {instances} instances'] = partial(_group, image, options)
    processor: dict[str, list[float]] = {name: [] for name in candidates}
    calls = {name: partial(_timed_too, call, processor[name]) for name, call in candidates.items()}
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        wall = time_in_turn(calls, rounds, warmup, 'cpu', progress)
    finally:
        torch.set_num_threads(before)
    conditions = (
        f'{processor_name()}, {threads} CPU thread(s), torch {torch.__version__}; one image of {side} x {side}, '
        f'embeddings of length {channels}, from maps to groups; {rounds} interleaved rounds after {warmup} of warm-up; '
        f'the product is 100 x {channels} by {channels} x {side * side}, which is one assignment at K = 100.'
    )
    return GroupingBenchmark(wall, {name: Timing(own[warmup:]) for name, own in processor.items()}, conditions)
