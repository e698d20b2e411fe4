"""What a model finds in a picture, as plain data at the picture's own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from mmmaskattn_runtime.colours import BACKDROP, Colour, safe_colours
from mmmaskattn_runtime.run_lengths import RunLengths

UNLABELLED = -1
"""Label, in `Result.labels`, of pixels about which a panoptic map says nothing."""
AT_ONCE = 2**18
"""Pixels of a map that are counted at a time."""
_BACKDROPS = ('background', 'bg', 'void', 'none', 'nothing', 'unlabelled', 'unlabeled')


@dataclass(frozen=True)
class Classes:
    """What a model tells apart.

    Attributes:
        names: Names by label.
        colours: RGB by label; where none are given, colours that colour-blind people can tell apart, and grey for a
            backdrop.
        things: Labels of countable objects; empty for a model that only labels pixels.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...] = ()
    things: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not self.colours:
            own = iter(safe_colours(len(self.names)))
            colours = tuple(BACKDROP if self.is_backdrop(label) else next(own) for label in range(len(self.names)))
            object.__setattr__(self, 'colours', colours)
        if len(self.colours) != len(self.names):
            raise ValueError(f'{len(self.colours)} colours for {len(self.names)} classes; expected one for each')

    def is_backdrop(self, label: int) -> bool:
        """Whether a class is what lies behind all that is of interest; pictures leave it as it is."""
        return self.names[label].lower() in _BACKDROPS

    def name(self, label: int) -> str:
        """Name of a class; of a label outside the classes, what it is."""
        return self.names[label] if 0 <= label < len(self.names) else f'label {label}'


@dataclass(frozen=True)
class Instance:
    """One object.

    Attributes:
        label: Its class.
        name: The class's name.
        score: 0 to 1.
        box: x1, y1, x2, y2 in pixels of the picture; x2 - x1 is the width.
        mask: Its pixels; `RunLengths.to_mask` gives a bool array. None for a model that gives boxes alone.
        area: Its number of pixels.
        centre: x, y of the middle of its pixels.
    """

    label: int
    name: str
    score: float
    box: tuple[float, float, float, float]
    mask: RunLengths | None
    area: int
    centre: tuple[float, float]


@dataclass(frozen=True)
class Segment:
    """One segment of a panoptic map.

    Attributes:
        id: Its number in `Result.segment_ids`, from 1.
        label: Its class.
        name: The class's name.
        is_thing: Whether it is one object; otherwise all pixels of its class.
        area: Its number of pixels.
        box: x1, y1, x2, y2, around its pixels.
        centre: x, y of the middle of its pixels.
    """

    id: int
    label: int
    name: str
    is_thing: bool
    area: int
    box: tuple[float, float, float, float]
    centre: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Result:
    """What was found in one picture.

    Attributes:
        classes: What the model tells apart.
        size: (H, W) of the picture, and of all maps.
        labels: int16 (H, W), the class of each pixel, `UNLABELLED` for none; None if the model gives no map.
        instances: Objects, the best first; None if the model finds none.
        segment_ids: int32 (H, W), the segment of each pixel, 0 for none; None if the model gives no panoptic map.
        segments: The segments.
        name: Of the picture: its path, or a number in a list or a video.
    """

    classes: Classes
    size: tuple[int, int]
    labels: np.ndarray | None = None
    instances: tuple[Instance, ...] | None = None
    segment_ids: np.ndarray | None = None
    segments: tuple[Segment, ...] = ()
    name: str = field(default='picture')

    @property
    def task(self) -> str:
        """``'panoptic'``, ``'instance'`` or ``'semantic'``."""
        if self.segment_ids is not None:
            return 'panoptic'
        return 'semantic' if self.instances is None else 'instance'

    @property
    def objects(self) -> tuple[Instance | Segment, ...]:
        """The things counted: those of the panoptic map, where no two overlap, or else the instances."""
        if self.segment_ids is not None:
            return tuple(one for one in self.segments if one.is_thing)
        return self.instances or ()

    def counts(self) -> dict[str, int]:
        """Number of objects by class name, the most frequent first."""
        names = [one.name for one in self.objects]
        found = {name: names.count(name) for name in dict.fromkeys(names)}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def areas(self) -> dict[str, int]:
        """Number of pixels by class name, the largest first; of what the maps say, or else of the instances."""
        if self.labels is None:
            found: dict[str, int] = {}
            for one in self.instances or ():
                found[one.name] = found.get(one.name, 0) + one.area
        else:
            numbers = np.zeros(int(self.labels.max()) + 2, np.int64)
            for row in self.labels:
                numbers += np.bincount(row + 1, minlength=len(numbers))
            found = {self.classes.name(label): int(number) for label, number in enumerate(numbers[1:]) if number}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def above(self, score: float) -> Result:
        """The same with the instances alone whose score is at least ``score``; maps stay."""
        if self.instances is None:
            return self
        return replace(self, instances=tuple(one for one in self.instances if one.score >= score))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the maps, as json can hold it; masks as COCO's run lengths."""
        content: dict[str, Any] = dict(name=self.name, task=self.task, height=self.size[0], width=self.size[1])
        content.update(areas=self.areas(), counts=self.counts())
        if self.instances is not None:
            content['instances'] = [_instance_dict(one) for one in self.instances]
        if self.segment_ids is not None:
            content['segments'] = [dict(vars(one)) for one in self.segments]
        return content

    def __repr__(self) -> str:
        found = self.counts() if self.task != 'semantic' else list(self.areas())
        return f'Result({self.name}, {self.task}, {self.size[0]}x{self.size[1]}, {found})'


def _instance_dict(one: Instance) -> dict[str, Any]:
    return dict(vars(one), mask=one.mask and one.mask.to_coco())


class Extent(NamedTuple):
    """Where a region lies in a map.

    Attributes:
        area: Pixels.
        box: x1, y1, x2, y2.
        centre: x, y of the pixels' middle.
    """

    area: int
    box: tuple[int, int, int, int]
    centre: tuple[float, float]


def extents(ids: np.ndarray, count: int) -> list[Extent | None]:
    """Find where the regions of a map lie, all in one pass over it.

    Args:
        ids: int (H, W); regions have the numbers 1 to ``count``.
        count: How many.

    Returns:
        One for each number; None where it has no pixel.
    """
    height, width = ids.shape
    rows, columns = np.zeros((count + 1, height), np.int64), np.zeros((count + 1, width), np.int64)
    step = max(AT_ONCE // width, count + 1)  # rows at a time, of which copies are made
    for top in range(0, height, step):
        part = ids[top : top + step].astype(np.int64)
        down, across = np.arange(len(part))[:, None] + part * len(part), np.arange(width) + part * width
        found = np.bincount(down.ravel(), minlength=(count + 1) * len(part))
        rows[:, top : top + step] = found.reshape(count + 1, len(part))
        columns += np.bincount(across.ravel(), minlength=(count + 1) * width).reshape(count + 1, width)
    (left, right), (upper, lower) = _ends(columns[1:]), _ends(rows[1:])
    boxes = np.stack([left, upper, right, lower], 1).tolist()
    areas = rows.sum(1)[1:]
    sums = np.stack([counts[1:] @ np.arange(counts.shape[1]) for counts in (columns, rows)], 1)
    centres = (sums / np.maximum(areas, 1)[:, None]).round(2).tolist()
    return [
        Extent(area, tuple(box), tuple(centre)) if area else None
        for area, box, centre in zip(areas.tolist(), boxes, centres)
    ]


def _ends(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First place, and that behind the last, at which each row is not 0."""
    inside = counts > 0
    return inside.argmax(1), counts.shape[1] - inside[:, ::-1].argmax(1)


def look_up(table: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Replace each number of a map by what a table has for it: row by row, as numpy makes indices of 8 bytes of them.

    Args:
        table: (N,).
        numbers: int (H, W), 0 to N - 1.

    Returns:
        (H, W), of the table's type.
    """
    found = np.empty(numbers.shape, table.dtype)
    for row, some in zip(found, numbers):
        row[:] = table[some]
    return found


def panoptic_result(segments_map: np.ndarray, classes: Classes, labels: Sequence[int]) -> dict[str, Any]:
    """Make the fields of a `Result` of a map of segments.

    Args:
        segments_map: int (H, W), 0 for no segment, k for segment k.
        classes: What the model tells apart.
        labels: Class of segment k at place k - 1.

    Returns:
        ``segment_ids``, ``segments`` and ``labels`` of the `Result`.
    """
    ids = segments_map.astype(np.int32, copy=False)
    found = extents(ids, len(labels))
    segments = tuple(
        Segment(number, label, classes.name(label), label in classes.things, place.area, place.box, place.centre)
        for number, (label, place) in enumerate(zip(labels, found), 1)
        if place is not None
    )
    table = np.array([UNLABELLED, *labels], np.int16)
    return dict(segment_ids=ids, segments=segments, labels=look_up(table, ids))
