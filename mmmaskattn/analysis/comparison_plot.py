"""The scatter plot of a comparison: what a model costs against how good, or how large, it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from mmmaskattn.analysis.comparison import Measured

X_AXES = ('macs', 'latency')


def _cost(row: Measured, axis: str) -> float:
    return row.cost.macs / 1e9 if axis == 'macs' else row.latency[min(row.latency)].median


def plot_comparison(rows: Sequence[Measured], path: Path, axis: str = 'macs', metric: str | None = None) -> None:
    """Draw a numbered point for each model, those of configs/peers in blue, and write the picture.

    Args:
        rows: The models.
        path: The PNG to write.
        axis: What the x axis shows, logarithmic: ``macs``, or ``latency`` at the smallest batch.
        metric: What the y axis shows: a metric, models without it left out; None shows parameters, logarithmic.

    Raises:
        ValueError: If ``axis`` is unknown, or latency was not measured.
    """
    if axis not in X_AXES or (axis == 'latency' and not all(row.latency for row in rows)):
        raise ValueError(f'axis {axis!r}: expected one of {X_AXES}, and latency only where it was measured')
    shown = [row for row in rows if metric is None or metric in row.accuracy]
    figure = Figure(figsize=(11, max(5.0, 1 + 0.22 * len(shown))), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, row in enumerate(shown, start=1):
        x = _cost(row, axis)
        y = row.cost.params / 1e6 if metric is None else row.accuracy[metric].mean
        colour = '#3b6ea5' if 'peers' in Path(row.config).parts else '#b03a2e'
        axes.scatter(x, y, s=40, color=colour, label=f'{number}  {row.name}')
        axes.annotate(str(number), (x, y), (4, 4), textcoords='offset points', fontsize=8)
    _set_log(axes.xaxis, axes.set_xscale)
    axes.set_xlabel('G MACs' if axis == 'macs' else f'ms, batch {min(rows[0].latency)}')
    axes.set_ylabel(metric or 'parameters, millions')
    if metric is None:
        _set_log(axes.yaxis, axes.set_yscale)
    axes.grid(alpha=0.3)
    axes.legend(loc='center left', bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)


def _set_log(axis: Axis, set_scale: Callable[[str], None]) -> None:
    """A logarithmic axis with plain numbers."""
    set_scale('log')
    axis.set_major_formatter('{x:g}')
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
