"""Charts as inline SVG. Colours are CSS classes of the page (``s0`` to ``s7``), so that they follow light and dark."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from mmmaskattn.apis.report.collect import Curve

SERIES = 8
"""Colours there are."""
_WIDTH, _HEIGHT = 440, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 18, 10, 38
_MOST_POINTS, _MOST_BARS = 400, 25
_SHRINKS = 0.75  # how far a grid shrinks before it is scrolled
_LOGARITHMIC = 30.0
"""From this ratio of greatest to least on, a chart of positive values has a logarithmic scale."""


def line_chart(curves: Mapping[str, Curve], unit: str, may_be_logarithmic: bool = False) -> str:
    """Draw curves over one axis, with a legend under them.

    Args:
        curves: At most `SERIES`, by name.
        unit: What the steps are.
        may_be_logarithmic: Whether values of very different size are drawn on a logarithmic scale.

    Returns:
        HTML; nothing without a value.
    """
    shown = {name: thinned(curve) for name, curve in list(curves.items())[:SERIES] if curve.values}
    if not shown:
        return ''
    xs = [step for curve in shown.values() for step in curve.steps]
    ys = [value for curve in shown.values() for value in curve.values]
    logarithm = may_be_logarithmic and min(ys) > 0 and max(ys) / min(ys) > _LOGARITHMIC
    across, up = Scale.around(xs), Scale.around(ys, logarithm)
    parts = [_axes(across, up, unit)]
    parts += [_line(curve, name, number, across, up) for number, (name, curve) in enumerate(shown.items())]
    return _figure(''.join(parts), f'{", ".join(shown)} over {unit}', _legend(list(shown)))


def histogram(values: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw how often values occur, in bins of equal ratio; classes are stacked.

    Args:
        values: Positive, by class; classes after the first `SERIES` - 1 count as one.
        unit: What the values are.

    Returns:
        HTML; nothing without a value.
    """
    groups = _grouped({name: np.asarray(found, float) for name, found in values.items() if len(found)})
    if not groups:
        return ''
    every = np.concatenate(list(groups.values())).clip(1)
    low, high = math.log10(every.min()), math.log10(every.max())
    edges = np.logspace(low, max(high, low + 0.3), min(25, 5 + int(math.sqrt(len(every)))))
    edges[[0, -1]] = edges[0] * 0.999, edges[-1] * 1.001
    counts = {name: np.histogram(found.clip(1), edges)[0] for name, found in groups.items()}
    across = Scale(float(edges[0]), float(edges[-1]), logarithm=True)
    up = Scale.around([0.0, float(sum(counts.values()).max())])  # type: ignore[union-attr]
    parts, base = [_axes(across, up, unit, counted=True)], np.zeros(len(edges) - 1)
    spans = [f'{number(left)} to {number(right)} {unit}' for left, right in zip(edges, edges[1:])]
    for colour, (name, heights) in enumerate(counts.items()):
        titles = [f'{name}: {height} of {span}' for height, span in zip(heights, spans)]
        parts.append(_bars(edges, base, heights, (colour, titles), across, up))
        base = base + heights
    return _figure(''.join(parts), f'number of objects by {unit}', _legend(list(groups)))


def count_histogram(counts: Sequence[int], unit: str, counted: str) -> str:
    """Draw how often whole numbers occur, from 0 on: a bar for each, or for as many as make at most 25 bars.

    Args:
        counts: The numbers, 0 or more.
        unit: What they are numbers of.
        counted: What each of them belongs to.

    Returns:
        HTML; nothing without a number.
    """
    if not len(counts):
        return ''
    widths = (factor * 10**power for power in itertools.count() for factor in (1, 2, 5))
    step = next(width for width in widths if max(counts) < _MOST_BARS * width)
    heights = np.bincount(np.asarray(counts) // step)
    edges = np.arange(len(heights) + 1) * step - 0.5
    across, up = Scale(float(edges[0]), float(edges[-1])), Scale.around([0.0, float(heights.max())])
    spans = [f'{k * step}' if step == 1 else f'{k * step} to {(k + 1) * step - 1}' for k in range(len(heights))]
    titles = [f'{height} {counted} with {span} {unit}' for height, span in zip(heights, spans)]
    bars = _bars(edges, np.zeros(len(heights)), heights, (0, titles), across, up)
    return _figure(_axes(across, up, unit, counted=True) + bars, f'number of {counted} by {unit}', '')


def heat_map(matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """Draw shares of rows as a grid, darker where they are greater.

    Args:
        matrix: float (rows, columns), 0 to 1.
        rows: Names of the rows.
        columns: Names of the columns.

    Returns:
        HTML.
    """
    cell, left, top = (34 if len(rows) <= 12 else 22), 124, 96
    width, height = left + cell * len(columns) + 60, top + cell * len(rows) + 8
    parts = [_column_name(name, left + cell * (k + 0.5), top - 6) for k, name in enumerate(columns)]
    for i, name in enumerate(rows):
        middle = top + cell * (i + 0.5) + 4
        parts.append(f'<text class="name" x="{left - 6}" y="{middle:.1f}" text-anchor="end">{_short(name)}</text>')
        for k, share in enumerate(matrix[i]):
            corner = (left + cell * k, top + cell * i)
            parts.append(_cell(float(share), corner, cell, f'{name} taken for {columns[k]}', diagonal=i == k))
    drawing = _svg(''.join(parts), 'confusion matrix', (width, height))
    room = f'min-width:{round(_SHRINKS * width)}px;max-width:{width}px'
    return f'<div class="wide"><div style="{room}">{drawing}</div></div>'


def _cell(share: float, corner: tuple[float, float], side: int, title: str, diagonal: bool) -> str:
    x, y = corner
    kind = 'right' if diagonal else 'wrong'
    text = ''
    if side > 30 and share >= 0.005:
        bold = ' class="on"' if share > 0.55 else ''
        text = f'<text{bold} x="{x + side / 2}" y="{y + side / 2 + 4}" text-anchor="middle">{100 * share:.0f}</text>'
    shade = f'<rect class="{kind}" x="{x}" y="{y}" width="{side - 1}" height="{side - 1}" opacity="{share:.3f}"/>'
    frame = f'<rect class="cell" x="{x}" y="{y}" width="{side - 1}" height="{side - 1}"/>'
    return f'<g>{frame}{shade}{text}<title>{escape(title)}: {100 * share:.1f} %</title></g>'


def _column_name(name: str, x: float, y: float) -> str:
    return f'<text class="name" transform="translate({x:.1f} {y}) rotate(-50)">{_short(name)}</text>'


def _short(name: str) -> str:
    return escape(name if len(name) <= 15 else f'{name[:14]}…')


def thinned(curve: Curve) -> Curve:
    """Take means of neighbours where a curve has more points than a chart has room for."""
    count = len(curve.values)
    if count <= _MOST_POINTS:
        return curve
    parts = np.array_split(np.arange(count), _MOST_POINTS)
    steps, values = np.asarray(curve.steps, float), np.asarray(curve.values, float)
    return Curve([float(steps[one].mean()) for one in parts], [float(values[one].mean()) for one in parts])


class Scale:
    """An axis.

    Args:
        low: Value at its begin.
        high: Value at its end, greater.
        logarithm: Whether equal ratios are equally long.
    """

    def __init__(self, low: float, high: float, logarithm: bool = False) -> None:
        self.low, self.high, self.logarithm = low, high, logarithm

    @classmethod
    def around(cls, values: Sequence[float], logarithm: bool = False) -> Scale:
        """Make a scale that holds all values, with some room around them where all are equal."""
        low, high = float(min(values)), float(max(values))
        if low == high:
            room = (abs(low) or 1) / 2
            low, high = (low / 2, high * 2) if logarithm else (low - room if low else 0.0, high + room)
        return cls(low, high, logarithm)

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1."""
        if self.logarithm:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values within the scale."""
        if self.logarithm:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            for factors in ((1, 2, 5), (1, 3), (1,)):
                values = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
                inside = [value for value in values if self.low <= value <= self.high]
                if len(inside) <= most + 1:
                    break
            if len(inside) > 1:
                return inside[:: -(-len(inside) // (most + 1))]
        raw = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _x(scale: Scale, value: float) -> float:
    return _LEFT + scale.place(value) * (_WIDTH - _LEFT - _RIGHT)


def _y(scale: Scale, value: float) -> float:
    return _HEIGHT - _BOTTOM - scale.place(value) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(across: Scale, up: Scale, unit: str, counted: bool = False) -> str:
    parts = []
    for value in up.ticks():
        if counted and value != round(value):
            continue
        y = _y(up, value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>')
    bottom = _HEIGHT - _BOTTOM
    for value in across.ticks():
        if value != round(value):  # of iterations, epochs, pixels, objects
            continue
        x = _x(across, value)
        parts.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{number(value)}</text>')
    parts.append(f'<line class="tick" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text class="unit" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">{escape(unit)}</text>')
    return ''.join(parts)


def _line(curve: Curve, name: str, colour: int, across: Scale, up: Scale) -> str:
    points = [(_x(across, step), _y(up, value)) for step, value in zip(*curve)]
    path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
    title = f'<title>{escape(name)}: last {number(curve.values[-1])}</title>'
    dots = ''
    if len(points) <= 30:
        dots = ''.join(f'<circle class="dot s{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points)
    return f'<g><polyline class="line s{colour}" points="{path}"/>{dots}{title}</g>'


def _bars(
    edges: np.ndarray, base: np.ndarray, heights: np.ndarray, about: tuple[int, list[str]], across: Scale, up: Scale
) -> str:
    colour, titles = about
    parts = []
    for left, right, low, height, title in zip(edges, edges[1:], base, heights, titles):
        if height:
            x, y, top = _x(across, left), _y(up, low), _y(up, low + height)
            width = max(_x(across, right) - x - 1, 1)
            parts.append(
                f'<rect class="bar s{colour}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{y - top:.1f}">'
                f'<title>{escape(title)}</title></rect>'
            )
    return ''.join(parts)


def _grouped(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The classes with most values, the others together."""
    ordered = sorted(values, key=lambda name: -len(values[name]))
    if len(ordered) <= SERIES:
        return {name: values[name] for name in ordered}
    kept = {name: values[name] for name in ordered[: SERIES - 1]}
    return {**kept, 'others': np.concatenate([values[name] for name in ordered[SERIES - 1 :]])}


def number(value: float) -> str:
    """Write a number as short as an axis wants it."""
    if value and not 1e-4 <= abs(value) < 1e5:
        return f'{value:.0e}'.replace('e-0', 'e-').replace('e+0', 'e')
    return f'{value:.4g}'


def _legend(names: Sequence[str]) -> str:
    items = (f'<span><i class="key s{k}"></i>{escape(name)}</span>' for k, name in enumerate(names))
    return f'<p class="legend">{"".join(items)}</p>'


def _svg(content: str, label: str, size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> str:
    return f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{escape(label)}">{content}</svg>'


def _figure(content: str, label: str, legend: str) -> str:
    return f'{_svg(content, label)}{legend}'
