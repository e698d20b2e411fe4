"""A sheet of what a pipeline does to a sample: its steps run one by one, and their drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.image import fit_image, to_rgb
from mmmaskattn.visualization.legend import draw_legend, legend_rows
from mmmaskattn.visualization.text import FAINT, INK, PAPER, font, wrap
from mmmaskattn.visualization.truth import Truth, draw_truth, read_truth
from mmmaskattn_runtime.drawing import shorten

_FRAME, _ALARM = (236, 236, 236), (190, 20, 20)
_MARGIN, _GAP, _TITLE, _HEADER = 20, 12, 44, 52


@dataclass(frozen=True)
class Step:
    """What one transform left.

    Attributes:
        name: Name of the transform's class.
        image: RGB, uint8, (H, W, 3); None before an image is loaded.
        truth: None before a truth is loaded.
        problem: Why the pipeline stopped here; empty if it did not.
        unchanged: Whether image and truth are those of the step before.
    """

    name: str
    image: np.ndarray | None
    truth: Truth | None
    problem: str = ''
    unchanged: bool = False


def locate(dataset: Any, index: int) -> tuple[BaseDataset, int]:
    """Find the data set, under mmengine's wrappers, that a sample comes from.

    Args:
        dataset: A data set, or `ConcatDataset`, `RepeatDataset`, `ClassBalancedDataset` around some.
        index: Index of the sample in ``dataset``.

    Returns:
        The data set and the sample's index there.

    Raises:
        TypeError: If it is another wrapper.
    """
    if isinstance(dataset, BaseDataset):
        return dataset, index
    find = getattr(dataset, '_get_ori_dataset_idx', None)
    if find is None:
        raise TypeError(
            f'{type(dataset).__name__}: only data sets of the BaseDataset family can be shown step by step, alone '
            'or in ConcatDataset, RepeatDataset or ClassBalancedDataset. Show the inner data set: give a config whose '
            'dataloader holds it.'
        )
    found = find(index)
    if isinstance(found, tuple):
        return locate(dataset.datasets[found[0]], found[1])
    return locate(dataset.dataset, found)


MOST_INSTANCES = 10_000
"""An image of more is not drawn: every step would paint them all."""


def run_steps(dataset: BaseDataset, index: int, channel_order: str = 'bgr') -> Iterator[Step]:
    """Run the pipeline on one sample.

    A transform that fails or drops the sample ends the steps with one that says so; so does a sample of more than
    `MOST_INSTANCES` instances.

    Args:
        dataset: A loaded data set with a pipeline.
        index: Index of the sample.
        channel_order: Order of the pipeline's images, ``'bgr'`` or ``'rgb'``.
    """
    results: dict | None = dataset.get_data_info(index)
    many = max(len((results or {}).get(key) or ()) for key in ('instances', 'segments_info'))
    if many > MOST_INSTANCES:
        yield Step('data set', None, None, problem=f'{many} instances; not drawn, as they are over {MOST_INSTANCES}')
        return
    ignore_index = getattr(dataset, 'ignore_index', 255)
    last, norm = Step('', None, None), None
    for transform in dataset.pipeline.transforms:
        name = type(transform).__name__
        try:
            results = transform(results)
            if results is None:
                raise ValueError('the sample is dropped here; training takes another one instead')
            norm = results.get('img_norm_cfg', norm)
            last = _look(name, results, last, norm, ignore_index, channel_order)
        except Exception as error:  # any project's transform may raise anything, and the picture shows it
            yield Step(name, None, None, problem=f'{type(error).__name__}: {error}')
            return
        yield last


def _look(name: str, results: dict, last: Step, norm: dict | None, ignore_index: int, channel_order: str) -> Step:
    """Image and truth after one transform."""
    seen = _first_view(results)
    image = seen.get('inputs', seen.get('img'))
    picture = None if image is None else to_rgb(image, norm, channel_order)
    truth = read_truth(seen, ignore_index)
    truth = truth if truth is None else truth.numbered_like(last.truth)
    same_truth = truth is last.truth if truth is None else truth.same_as(last.truth)
    return Step(name, picture, truth, unchanged=same_truth and _same_image(picture, last.image))


def _same_image(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _first_view(results: dict) -> dict:
    """Of the several views that test-time augmentation makes, the first."""
    several = [key for key in ('inputs', 'data_samples') if isinstance(results.get(key), (list, tuple))]
    return {**results, **{key: results[key][0] for key in several}}


@dataclass(frozen=True)
class Headings:
    """Texts over a sheet.

    Attributes:
        title: What is shown, in bold, such as the file's name.
        subtitle: The circumstances: config, split, seed.
    """

    title: str
    subtitle: str = ''


@dataclass(frozen=True)
class SheetLayout:
    """Sizes of a sheet.

    Attributes:
        panel: Side of a step's frame in pixels; those of the original and the network's input are twice as wide.
        columns: Most steps in a row, at least 5.
        boxes: Draw boxes where there are masks too.
    """

    panel: int = 256
    columns: int = 6
    boxes: bool = False

    def __post_init__(self) -> None:
        for name, low in (('panel', 128), ('columns', 5)):
            if getattr(self, name) < low:
                raise ValueError(f'{name}: found {getattr(self, name)}, expected {low} or more.')

    @property
    def width(self) -> int:
        """Width of the whole sheet in pixels."""
        return 2 * _MARGIN + self.columns * self.panel + (self.columns - 1) * _GAP


def draw_sheet(
    original: np.ndarray | None, steps: Sequence[Step], table: ClassTable, headings: Headings, layout: SheetLayout
) -> np.ndarray:
    """Draw a sheet.

    Above: the original with the first truth of the pipeline, the network's input with the last, and the legend with
    the amounts in both. Below: each step, the image over the same with the truth laid over it.

    Args:
        original: The file decoded in full, RGB, uint8; None if it cannot be read.
        steps: Of `run_steps`.
        table: Names and colours of the classes.
        headings: Texts above.
        layout: Sizes.

    Returns:
        RGB, uint8, (height, ``layout.width``, 3).
    """
    sheet = _Sheet(layout, table, len(steps))
    sheet.write_headings(headings)
    sheet.compare(original, steps)
    for number, step in enumerate(steps):
        sheet.show_step(number, step)
    return np.asarray(sheet.canvas)


class _Sheet:
    """A canvas and the places on it."""

    def __init__(self, layout: SheetLayout, table: ClassTable, steps: int) -> None:
        self.layout, self.table = layout, table
        self.rows = -(-steps // layout.columns)
        self.per_row = -(-steps // self.rows) if steps else 0
        self.big = 2 * layout.panel + _GAP
        self.row_height = _TITLE + 2 * layout.panel + _GAP
        self.steps_top = _MARGIN + _HEADER + _TITLE + self.big + 2 * _GAP
        height = self.steps_top + self.rows * (self.row_height + _GAP) + _MARGIN
        self.canvas = Image.new('RGB', (layout.width, height), PAPER)
        self.draw = ImageDraw.Draw(self.canvas)

    def write_headings(self, headings: Headings) -> None:
        """Write what the sheet shows."""
        width = self.layout.width - 2 * _MARGIN
        self.draw.text((_MARGIN, _MARGIN), shorten(headings.title, width, font(20, True)), INK, font(20, True))
        self.draw.text((_MARGIN, _MARGIN + 28), shorten(headings.subtitle, width, font(14)), FAINT, font(14))

    def compare(self, original: np.ndarray | None, steps: Sequence[Step]) -> None:
        """Draw the original, the network's input and the legend."""
        before = next((step.truth for step in steps if step.truth is not None), None)
        last = steps[-1] if steps else Step('', None, None)
        top = _MARGIN + _HEADER
        self._panel((_MARGIN, top), self.big, original, before, ('original', _sizes(original, before)))
        left = _MARGIN + self.big + _GAP
        self._panel(
            (left, top), self.big, last.image, last.truth, ('what the network is fed', _sizes(last.image, last.truth))
        )
        left += self.big + 2 * _GAP
        rows = legend_rows(before, last.truth, self.table)
        draw_legend(self.draw, rows, (left, top), (self.layout.width - _MARGIN - left, self.big + _TITLE))

    def show_step(self, number: int, step: Step) -> None:
        """Draw the two panels of a step: the image, and under it the truth laid over the image."""
        row, column = divmod(number, self.per_row)
        left = _MARGIN + column * (self.layout.panel + _GAP)
        top = self.steps_top + row * (self.row_height + _GAP)
        detail = 'unchanged' if step.unchanged else _sizes(step.image, step.truth)
        if step.problem:
            detail = 'stopped here'
        self._panel((left, top), self.layout.panel, step.image, None, (f'{number + 1}  {step.name}', detail))
        below = top + _TITLE + self.layout.panel + _GAP
        if step.problem:
            self._write_problem((left, top + _TITLE), step.problem)
        elif step.truth is not None:
            self._frame((left, below), self.layout.panel, step.image, step.truth)
        else:
            self.draw.text((left, below), 'no truth yet', FAINT, font(13))

    def _panel(
        self,
        corner: tuple[int, int],
        side: int,
        image: np.ndarray | None,
        truth: Truth | None,
        texts: tuple[str, str],
    ) -> None:
        """Draw a title, a line of details, and the frame under them."""
        left, top = corner
        self.draw.text((left, top), shorten(texts[0], side, font(15, True)), INK, font(15, True))
        self.draw.text((left, top + 21), shorten(texts[1], side, font(13)), FAINT, font(13))
        self._frame((left, top + _TITLE), side, image, truth)

    def _frame(self, corner: tuple[int, int], side: int, image: np.ndarray | None, truth: Truth | None) -> None:
        """Draw an image in the middle of a grey square."""
        left, top = corner
        self.draw.rectangle((left, top, left + side - 1, top + side - 1), _FRAME)
        if image is None:
            return
        picture = fit_image(image, side)
        if truth is not None:
            picture = draw_truth(picture, truth, self.table, boxes=self.layout.boxes)
        height, width = picture.shape[:2]
        self.canvas.paste(Image.fromarray(picture), (left + (side - width) // 2, top + (side - height) // 2))

    def _write_problem(self, corner: tuple[int, int], problem: str) -> None:
        """Write why the pipeline stopped."""
        room = 2 * self.layout.panel // 18 - 1
        for number, line in enumerate(wrap(problem, self.layout.panel - 16, font(13))[:room]):
            self.draw.text((corner[0] + 8, corner[1] + 8 + 18 * number), line, _ALARM, font(13))


def _sizes(image: np.ndarray | None, truth: Truth | None) -> str:
    """Height by width of image and truth, once if they agree."""
    if image is None:
        return 'no image' if truth is None else f'truth {truth.shape[0]}x{truth.shape[1]}'
    height, width = image.shape[:2]
    if truth is None or truth.shape == (height, width):
        return f'{height}x{width}'
    return f'image {height}x{width}, truth {truth.shape[0]}x{truth.shape[1]}'
