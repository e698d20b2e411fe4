"""The legend: things counted, the rest measured; and the row of panels that it closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.text import FAINT, INK, PAPER, font
from mmmaskattn.visualization.truth import IGNORED, UNLABELLED, Truth, stripes
from mmmaskattn_runtime.drawing import shorten

MARGIN, GAP, TITLE, LEGEND = 12, 12, 44, 300
"""Pixels around the row, between its parts, for the two lines over each picture, and for the legend's width."""
ROW_HEIGHT = 24
_SWATCH = (30, 16)


@dataclass(frozen=True)
class LegendRow:
    """One class.

    Attributes:
        name: Its name.
        colours: Colours of the swatch: one, or those of some instances.
        before: Amount in the original, such as ``'3'`` instances or ``'12.0 %'`` of the pixels.
        after: The same in what the network is fed.
        is_thing: Counted in instances.
    """

    name: str
    colours: np.ndarray
    before: str
    after: str
    is_thing: bool


def legend_rows(before: Truth | None, after: Truth | None, table: ClassTable) -> list[LegendRow]:
    """List the classes of two truths: things by number of instances, then the rest by area.

    Args:
        before: Truth of the original.
        after: Truth of what the network is fed.
        table: Names and colours.

    Returns:
        Rows; the ignored pixels come last.
    """
    counts = _instances(before), _instances(after)
    shares = _shares(before), _shares(after)
    things = sorted(set(counts[0]) | set(counts[1]), key=lambda label: (-max(c.get(label, 0) for c in counts), label))
    flat = sorted(
        (set(shares[0]) | set(shares[1])) - set(things) - {UNLABELLED},
        key=lambda label: (label == IGNORED, -max(share.get(label, 0.0) for share in shares), label),
    )
    rows = [_thing_row(label, counts, table) for label in things]
    return rows + [_flat_row(label, shares, table) for label in flat]


def _thing_row(label: int, counts: tuple[dict[int, int], dict[int, int]], table: ClassTable) -> LegendRow:
    before, after = (str(count.get(label, 0)) for count in counts)
    return LegendRow(table.name(label), table.instance_colours([label] * 3), before, after, True)


def _flat_row(label: int, shares: tuple[dict[int, float], dict[int, float]], table: ClassTable) -> LegendRow:
    before, after = (f'{100 * share[label]:.1f} %' if label in share else '0' for share in shares)
    if label == IGNORED:
        return LegendRow('ignored by the loss', np.zeros((0, 3), np.uint8), before, after, False)
    return LegendRow(table.name(label), np.array([table.colour(label)], np.uint8), before, after, False)


def _instances(truth: Truth | None) -> dict[int, int]:
    """Number of visible instances by class; boxes where there are no masks."""
    if truth is None:
        return {}
    visible = [truth.instance_labels[k - 1] for k in np.unique(truth.ids[truth.ids > 0])]
    labels = visible or ([] if truth.instance_labels else list(truth.box_labels))
    return {int(label): labels.count(label) for label in set(labels)}


def _shares(truth: Truth | None) -> dict[int, float]:
    """Share of the pixels by label."""
    if truth is None:
        return {}
    labels, counts = np.unique(truth.labels, return_counts=True)
    return {int(label): count / truth.labels.size for label, count in zip(labels, counts)}


def draw_legend(
    draw: ImageDraw.ImageDraw,
    rows: list[LegendRow],
    corner: tuple[int, int],
    size: tuple[int, int],
    titles: tuple[str, str] = ('original', 'network'),
) -> None:
    """Draw the legend; rows that do not fit are counted in the last line.

    Args:
        draw: The canvas.
        rows: Of `legend_rows`.
        corner: (x, y) of its upper left corner.
        size: (width, height) of its room.
        titles: Titles of the two columns of amounts.
    """
    (left, top), (width, height) = corner, size
    columns = (left + width - 88, left + width)
    for x, title in zip(columns, titles):
        draw.text((x, top + 4), title, FAINT, font(13), anchor='ra')
    draw.text((left, top + 4), 'in the picture', FAINT, font(13))
    room = max(1, height // ROW_HEIGHT - 1)
    shown = rows if len(rows) <= room else rows[: room - 1]
    y = top + ROW_HEIGHT
    for row in shown:
        _draw_row(draw, row, (left, y), columns)
        y += ROW_HEIGHT
    if len(shown) < len(rows):
        draw.text((left, y + 3), f'and {len(rows) - len(shown)} more', FAINT, font(14))
    elif not rows:
        draw.text((left, y + 3), 'no truth', FAINT, font(14))


def _draw_row(draw: ImageDraw.ImageDraw, row: LegendRow, corner: tuple[int, int], columns: tuple[int, int]) -> None:
    left, y = corner
    _draw_swatch(draw, row, (left, y + 4))
    start = left + _SWATCH[0] + 8
    name = shorten(row.name, columns[0] - 62 - start, font(14))
    draw.text((start, y + 3), name, INK, font(14))
    for x, amount in zip(columns, (row.before, row.after)):
        draw.text((x, y + 3), amount, FAINT if amount == '0' else INK, font(14), anchor='ra')


def _draw_swatch(draw: ImageDraw.ImageDraw, row: LegendRow, corner: tuple[int, int]) -> None:
    """A bar of the class's colour; things have an edge, ignored pixels stripes."""
    (left, top), (width, height) = corner, _SWATCH
    if not len(row.colours):
        for y, line in enumerate(stripes((height, width))):
            draw.point([(left + x, top + y) for x in range(width) if line[x, 0] < 100], (40, 40, 40))
            draw.point([(left + x, top + y) for x in range(width) if line[x, 0] >= 100], (150, 150, 150))
        return
    part = width / len(row.colours)
    for number, colour in enumerate(row.colours.tolist()):
        end = (left + round((number + 1) * part) - 1, top + height - 1)
        draw.rectangle((left + round(number * part), top, *end), tuple(colour))
        if row.is_thing:
            draw.rectangle((left + round(number * part), top, *end), outline=(0, 0, 0))


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
    canvas = Image.new('RGB', (width, 2 * MARGIN + TITLE + tallest), PAPER)
    draw = ImageDraw.Draw(canvas)
    left = MARGIN
    for panel in panels:
        room = panel.picture.shape[1]
        draw.text((left, MARGIN), shorten(panel.title, room, font(15, True)), INK, font(15, True))
        draw.text((left, MARGIN + 21), shorten(panel.detail, room, font(13)), FAINT, font(13))
        canvas.paste(Image.fromarray(panel.picture), (left, MARGIN + TITLE))
        left += room + GAP
    draw_legend(draw, rows, (left, MARGIN), (LEGEND, TITLE + tallest), columns)
    return np.asarray(canvas)
