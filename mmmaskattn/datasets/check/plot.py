"""A picture of a split's class frequencies and instance sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmmaskattn.datasets.check.sample import TINY
from mmmaskattn.datasets.check.statistics import SplitStatistics

MOST_CLASSES = 40
"""The plot shows the most frequent classes; the table has all."""
LOG_FROM = 50
"""Frequencies that differ by more than this factor are drawn on a log scale."""


def plot_statistics(statistics: SplitStatistics, path: Path) -> None:
    """Draw the frequencies of the classes and, if there are instances, a histogram of their sizes.

    Args:
        statistics: A split's counts.
        path: The PNG to write.
    """
    panels = 1 + statistics.has_instances
    shown = min(len(statistics.classes), MOST_CLASSES)
    figure = Figure(figsize=(7 * panels, max(4.0, 1.5 + 0.24 * shown)), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    _plot_classes(axes[0], statistics)
    if statistics.has_instances:
        _plot_sizes(axes[1], statistics)
    at = 'native sizes' if statistics.size is None else f'{statistics.size[0]}x{statistics.size[1]} (H x W)'
    figure.suptitle(f'{statistics.split}: {statistics.images} images at {at}')
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _plot_classes(axis: Axes, statistics: SplitStatistics) -> None:
    """Horizontal bars, the most frequent class at the top."""
    by_pixels = statistics.has_pixels
    counts = statistics.pixels if by_pixels else statistics.class_instances
    shares = 100 * counts / max(1, counts.sum())
    order = np.argsort(-shares, kind='stable')[:MOST_CLASSES]
    axis.barh(range(len(order)), shares[order], color='#3b6ea5')
    axis.set_yticks(range(len(order)), [statistics.classes[i] for i in order], fontsize=8)
    axis.invert_yaxis()
    drawn = shares[order][shares[order] > 0]
    wide = drawn.size > 0 and drawn.max() > LOG_FROM * drawn.min()
    if wide:
        axis.set_xscale('log')
        axis.set_xlim(left=drawn.min() / 2)
        axis.xaxis.set_major_formatter('{x:g}')
    axis.set_xlabel(f'% of the {"pixels" if by_pixels else "instances"}{" (log scale)" if wide else ""}')
    left_out = len(statistics.classes) - len(order)
    axis.set_title('classes' + (f' ({left_out} rarer ones not shown)' if left_out else ''), fontsize=10)
    axis.grid(axis='x', alpha=0.3)


def _plot_sizes(axis: Axes, statistics: SplitStatistics) -> None:
    """Histogram over powers of two, with the line under which instances are tiny."""
    sizes = np.array(sorted(size for size in statistics.sizes if size), np.int64)
    if sizes.size:
        edges = [2.0**power for power in range(int(sizes.max()).bit_length() + 1)]
        axis.hist(sizes, bins=edges, weights=[statistics.sizes[int(s)] for s in sizes], color='#3b6ea5', ec='white')
        axis.set_xscale('log', base=2)
        axis.xaxis.set_major_formatter('{x:g}')
    axis.axvline(TINY, color='#b03a2e', ls='--', lw=1, label=f'{TINY} pixels')
    axis.legend(fontsize=8)
    axis.set_xlabel('pixels of an instance')
    axis.set_ylabel('instances')
    axis.set_title(f'instance sizes ({statistics.vanished} without a pixel)', fontsize=10)
    axis.grid(axis='y', alpha=0.3)
