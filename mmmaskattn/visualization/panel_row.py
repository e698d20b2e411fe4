"""Pictures in a row, each under a title, and a legend at the end of the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn.visualization.legend import LegendRow, draw_legend
from mmmaskattn.visualization.text import font, shorten

MARGIN, GAP, TITLE, LEGEND = 12, 12, 44, 300
"""Pixels around the row, between its parts, for the two lines over each picture, and for the legend's width."""
_PAPER, _INK, _FAINT = (255, 255, 255), (30, 30, 30), (110, 110, 110)


@dataclass(frozen=True)
class Panel:
    """One picture of a row.

    Attributes:
        title: What it shows, in bold.
        detail: A line under the title.
        picture: RGB, uint8, (H, W, 3).
    """

    title: str
    detail: str
    picture: np.ndarray


def panel_shape(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Size at which an image is shown: its longer side has ``side`` to twice as many pixels.

    Args:
        shape: (H, W) of the image. A smaller one is enlarged by a whole factor, so that its pixels stay squares of
            equal size; a larger one is reduced.
        side: Pixels that the longer side has at least.

    Returns:
        (H, W).
    """
    longest = max(shape)
    factor = -(-side // longest) if longest < side else min(1.0, 2 * side / longest)
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def draw_row(panels: Sequence[Panel], rows: list[LegendRow], columns: tuple[str, str]) -> np.ndarray:
    """Draw the panels from left to right, and the legend.

    The picture of panel k begins at row ``MARGIN + TITLE`` and column ``MARGIN`` plus the widths of those before it
    and a ``GAP`` after each.

    Args:
        panels: At least one.
        rows: Of `legend_rows`.
        columns: Titles of the legend's two columns.

    Returns:
        RGB, uint8, (height, width, 3).
    """
    tallest = max(panel.picture.shape[0] for panel in panels)
    width = 2 * MARGIN + sum(panel.picture.shape[1] + GAP for panel in panels) + LEGEND
    canvas = Image.new('RGB', (width, 2 * MARGIN + TITLE + tallest), _PAPER)
    draw = ImageDraw.Draw(canvas)
    left = MARGIN
    for panel in panels:
        room = panel.picture.shape[1]
        draw.text((left, MARGIN), shorten(panel.title, room, font(15, True)), _INK, font(15, True))
        draw.text((left, MARGIN + 21), shorten(panel.detail, room, font(13)), _FAINT, font(13))
        canvas.paste(Image.fromarray(panel.picture), (left, MARGIN + TITLE))
        left += room + GAP
    draw_legend(draw, rows, (left, MARGIN), (LEGEND, TITLE + tallest), columns)
    return np.asarray(canvas)
