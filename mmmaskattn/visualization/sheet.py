"""One picture per sample: the original beside what the network is fed, a legend, and every step between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.draw_truth import draw_truth
from mmmaskattn.visualization.image import fit_image
from mmmaskattn.visualization.legend import draw_legend, legend_rows
from mmmaskattn.visualization.pipeline_steps import Step
from mmmaskattn.visualization.text import font, shorten, wrap
from mmmaskattn.visualization.truth import Truth

_PAPER, _FRAME, _INK, _FAINT, _ALARM = (255, 255, 255), (236, 236, 236), (30, 30, 30), (110, 110, 110), (190, 20, 20)
_MARGIN, _GAP, _TITLE, _HEADER = 20, 12, 44, 52


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
        self.canvas = Image.new('RGB', (layout.width, height), _PAPER)
        self.draw = ImageDraw.Draw(self.canvas)

    def write_headings(self, headings: Headings) -> None:
        """Write what the sheet shows."""
        width = self.layout.width - 2 * _MARGIN
        self.draw.text((_MARGIN, _MARGIN), shorten(headings.title, width, font(20, True)), _INK, font(20, True))
        self.draw.text((_MARGIN, _MARGIN + 28), shorten(headings.subtitle, width, font(14)), _FAINT, font(14))

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
            self.draw.text((left, below), 'no truth yet', _FAINT, font(13))

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
        self.draw.text((left, top), shorten(texts[0], side, font(15, True)), _INK, font(15, True))
        self.draw.text((left, top + 21), shorten(texts[1], side, font(13)), _FAINT, font(13))
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
