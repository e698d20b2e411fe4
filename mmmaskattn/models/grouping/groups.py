"""What every way of grouping takes and gives: options and groups; and an order of values that repeats."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from mmmaskattn.utils.option_types import Cosine, Count, CountOrZero, Fraction, NotTiny
from mmmaskattn.utils.options import checked_options

# Of slots that hold no instance: softmax gives them exactly 0 beside any valid one.
INVALID_AFFINITY = -1e9
# Of pixels outside a hard mask; far above that of invalid slots.
OUTSIDE_AFFINITY = -1e4

# A value's level and its place share one int64.
LEVELS = 2.0**40
MOST_ORDERED = 2**22

_COUNTED = ContextVar('_COUNTED', default=False)


@checked_options
@dataclass(frozen=True)
class GroupingOptions:
    """How pixels are grouped into instances.

    Attributes:
        max_instances: K, the most instances of an image; the best seeds are kept.
        seed_threshold: a seed's score must be above it.
        duplicate_similarity: of two seeds whose embeddings have a greater cosine, the weaker one is dropped.
        similarity: cosine to its prototype that a pixel must exceed to belong to the instance.
        iterations: rounds in which a prototype becomes the mean embedding of its pixels.
        min_area: fewest pixels of an instance.
        temperature: tau of the soft assignment, softmax(cosine / tau).
        foreground: probability of being a thing that a pixel must exceed to belong to an instance.
        vote_sigma: standard deviation in pixels of the soft assignment by votes for centres.
        connectivity: 4 or 8, the neighbours of a pixel in connected components.
    """

    max_instances: Count = 100
    seed_threshold: Fraction = 0.1
    duplicate_similarity: Cosine = 0.85
    similarity: Cosine = 0.8
    iterations: CountOrZero = 1
    min_area: Count = 4
    temperature: NotTiny = 0.05
    foreground: Fraction = 0.4
    vote_sigma: NotTiny = 2.0
    connectivity: Literal[4, 8] = 8

    def on_cells(self, side: int) -> GroupingOptions:
        """The options for maps of cells: areas and lengths are of pixels, and are counted there in cells.

        Args:
            side: of a cell, in pixels.
        """
        area = math.ceil(self.min_area / side**2)
        return dataclasses.replace(self, min_area=area, vote_sigma=self.vote_sigma / side)


class Groups(NamedTuple):
    """Instances of a batch of images in K slots.

    K is at most ``max_instances``. In exported and compiled graphs, whose shapes are fixed, it is ``max_instances``
    (or the number of pixels, if less); in eager mode it is the largest number of seeds of an image of the batch, at
    least 1. The slots left out hold no instance, so nothing else changes.

    Attributes:
        valid: bool (B, K), whether the slot holds an instance.
        seed_scores: float (B, K), falling over the valid slots; 0 where not valid.
        affinity: float (B, K, H, W), logits whose softmax over the valid slots is the soft assignment; about -1e9
            where not valid.
        assignment: int64 (B, H, W), the slot that owns the pixel; -1 = none.
    """

    valid: Tensor
    seed_scores: Tensor
    affinity: Tensor
    assignment: Tensor


def static_shapes() -> bool:
    """Whether a graph is being recorded, in which no shape may depend on values."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


@contextmanager
def counted_slots() -> Iterator[None]:
    """Record graphs of one image whose slots are as many as it has seeds, in place of ``max_instances``.

    A graph that some compiler must hold in fixed shapes pays for all slots; one for an ONNX runtime need not.
    """
    token = _COUNTED.set(True)
    try:
        yield
    finally:
        _COUNTED.reset(token)


def counts_slots() -> bool:
    """Whether the graph being recorded is one of `counted_slots`."""
    return _COUNTED.get()


def recorded_count(wanted: Tensor) -> int:
    """Number of values that are true, at least 1, as a length that a recorded graph can have.

    Args:
        wanted: bool (N,).
    """
    count = wanted.sum().clamp(min=1).item()
    torch._check(count >= 1)
    torch._check(count <= wanted.shape[0])
    return count  # type: ignore[return-value]


def invalid_bias(valid: Tensor) -> Tensor:
    """What is added to affinities: 0 for valid slots, -1e9 for others.

    Args:
        valid: bool (B, K).

    Returns:
        float (B, K, 1).
    """
    return torch.where(valid, 0.0, INVALID_AFFINITY)[:, :, None]


def ordered_top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` greatest values, by (value descending, index ascending).

    torch.topk leaves the order of ties open, and a stable sort has no ONNX counterpart. So value and index make one
    integer key; values that differ by less than 2^-40 count as ties. ONNX's own operator orders ties by index, so the
    graphs of `counted_slots` have that alone: some runtimes get wrong what is made of integers of 64 bits.

    Args:
        values: float (B, M) from 0 to 1, M at most 2^22.
        count: number of values; fewer are given if M is smaller.

    Returns:
        The values (B, count), and their indices, int64 (B, count).

    Raises:
        ValueError: M is too large.
    """
    number = values.shape[1]
    if number > MOST_ORDERED:
        raise ValueError(f'{number} values to order; at most {MOST_ORDERED} are possible: use a smaller map')
    if counts_slots():
        return _plain_top(values, count)
    places = torch.arange(number - 1, -1, -1, device=values.device)
    levels = (values.double().clamp(0, 1) * LEVELS).long()
    keys = (levels * number + places).topk(min(count, number), dim=1).values
    index = number - 1 - keys % number
    return values.gather(1, index), index


def _plain_top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`ordered_top` as one operator of ONNX; ``count`` is a number, or all there are."""
    if isinstance(count, int) and isinstance(values.shape[1], int):
        count = min(count, values.shape[1])
    found = values.topk(count, dim=1)
    return found.values, found.indices
