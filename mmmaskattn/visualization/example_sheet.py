"""Examples for readers: a row for each image with its semantic, instance and panoptic result, and one legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.text import font
from mmmaskattn.visualization.truth import Truth, draw_truth

COLUMNS = ('image', 'semantic', 'instances', 'panoptic')
_MARGIN, _GAP, _TITLE, _LEGEND_ROW, _SWATCH = 10, 8, 24, 24, (24, 14)
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


class Example(NamedTuple):
    """One image and what a panoptic model makes of it.

    Attributes:
        image: RGB, uint8, (H, W, 3).
        semantic: A class for every pixel.
        instances: The things found; no stuff.
        panoptic: Both.
    """

    image: np.ndarray
    semantic: Truth
    instances: Truth
    panoptic: Truth


def draw_examples(examples: Sequence[Example], table: ClassTable, side: int = 256) -> np.ndarray:
    """Draw the sheet.

    Args:
        examples: One for each row.
        table: Names and colours of the classes.
        side: Side of each panel, in pixels.

    Returns:
        RGB, uint8, (height, width, 3). The panel of row r and column c begins at row ``10 + 24 + r (side + 8)`` and
        column ``10 + c (side + 8)``; the legend of the classes that occur stands below.
    """
    width = 2 * _MARGIN + len(COLUMNS) * (side + _GAP) - _GAP
    labels = _labels(examples, table)
    per_row = max(1, (width - 2 * _MARGIN) // _entry_width(labels, table))
    legend_top = _MARGIN + _TITLE + len(examples) * (side + _GAP)
    height = legend_top + -(-len(labels) // per_row) * _LEGEND_ROW + _MARGIN
    canvas = Image.new('RGB', (width, height), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(COLUMNS):
        draw.text((_MARGIN + column * (side + _GAP), _MARGIN), title, _INK, font(15, True))
    for row, example in enumerate(examples):
        for column, panel in enumerate(_panels(example, table, side)):
            corner = (_MARGIN + column * (side + _GAP), _MARGIN + _TITLE + row * (side + _GAP))
            canvas.paste(Image.fromarray(panel), corner)
    _draw_legend(draw, labels, table, legend_top, per_row)
    return np.asarray(canvas)


def _panels(example: Example, table: ClassTable, side: int) -> list[np.ndarray]:
    base = cv2.resize(example.image, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    shades = ((example.semantic, 1.0), (example.instances, 1.0), (example.panoptic, 0.6))
    return [base, *(draw_truth(base, truth, table, 0.65, stuff_shade=shade) for truth, shade in shades)]


def _labels(examples: Sequence[Example], table: ClassTable) -> list[int]:
    """The classes that occur, those with most pixels first."""
    counts = np.zeros(len(table.names), np.int64)
    for example in examples:
        for truth in (example.semantic, example.instances, example.panoptic):
            known = truth.labels[(truth.labels >= 0) & (truth.labels < len(counts))]
            counts += np.bincount(known, minlength=len(counts))
    return [int(label) for label in np.argsort(-counts, kind='stable') if counts[label]]


def _entry_width(labels: Sequence[int], table: ClassTable) -> int:
    return _SWATCH[0] + 24 + max((round(font(14).getlength(table.name(label))) for label in labels), default=0)


def _draw_legend(draw: ImageDraw.ImageDraw, labels: list[int], table: ClassTable, top: int, per_row: int) -> None:
    width = _entry_width(labels, table)
    for number, label in enumerate(labels):
        row, column = divmod(number, per_row)
        left, upper = _MARGIN + column * width, top + row * _LEGEND_ROW
        draw.rectangle((left, upper + 4, left + _SWATCH[0], upper + 4 + _SWATCH[1]), tuple(table.colour(label)))
        draw.text((left + _SWATCH[0] + 6, upper + 2), table.name(label), _INK, font(14))
