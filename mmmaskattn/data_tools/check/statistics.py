"""Statistics of a data set, and their plot."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmmaskattn.data_tools.check.sample import TINY, SampleReport
from mmmaskattn.datasets.transforms.load_seg_map import ONE_CLASS
from mmmaskattn.utils.markdown import markdown_table

QUANTILES = (5, 25, 50, 75, 95)


class SplitStatistics:
    """Running counts of one split.

    Args:
        split: Its name.
        classes: Names of the classes.
        size: The (H, W) at which pixels are counted; None for the native sizes.

    Attributes:
        images: Samples counted.
        empty: Samples with nothing in them.
        pixels: int64 (C,), pixels of each class.
        class_images: int64 (C,), samples in which each class occurs.
        class_instances: int64 (C,), instances of each class.
        sizes: Number of instances of each size in pixels.
        has_pixels: Whether any sample has a label map.
        has_instances: Whether any sample has a list of instances.
        has_255: Whether any label map holds the value 255.
    """

    def __init__(self, split: str, classes: tuple[str, ...], size: tuple[int, int] | None) -> None:
        self.split = split
        self.classes = classes
        self.size = size
        self.images = self.empty = 0
        self.pixels, self.class_images, self.class_instances = (np.zeros(len(classes), np.int64) for _ in range(3))
        self.sizes: Counter[int] = Counter()
        self.has_pixels = self.has_instances = self.has_255 = False

    def add(self, report: SampleReport) -> None:
        """Count one sample.

        Args:
            report: What was found in it.
        """
        self.images += 1
        self.empty += report.is_empty
        self.has_255 |= report.has_255
        labels = {label for label, _ in report.instances or () if 0 <= label < len(self.classes)}
        if report.class_pixels is not None:
            self.has_pixels = True
            self.pixels += report.class_pixels
            labels |= set(np.flatnonzero(report.class_pixels).tolist())
        self.class_images[sorted(labels)] += 1
        if report.instances is not None:
            self.has_instances = True
        for label, pixels in report.instances or ():
            self.sizes[pixels] += 1
            if 0 <= label < len(self.classes):
                self.class_instances[label] += 1

    @property
    def vanished(self) -> int:
        """Instances with no pixel at the network's size."""
        return self.sizes[0]

    @property
    def tiny(self) -> int:
        """Instances of one pixel or more, but fewer than `TINY`."""
        return sum(count for size, count in self.sizes.items() if 0 < size < TINY)

    @property
    def absent_classes(self) -> list[str]:
        """Names of the classes that occur nowhere."""
        return [name for name, count in zip(self.classes, self.class_images) if not count]

    def size_quantiles(self) -> dict[int, int]:
        """Sizes in pixels under which 5, 25, 50, 75 and 95 % of the instances that have not vanished lie."""
        sizes = sorted(size for size in self.sizes if size)
        if not sizes:
            return {}
        reached = np.cumsum([self.sizes[size] for size in sizes])
        return {q: sizes[int(np.searchsorted(reached, reached[-1] * q / 100))] for q in QUANTILES}

    def class_table(self) -> str:
        """A Markdown table with a row for each class: share of the pixels, images, instances."""
        total = max(1, int(self.pixels.sum()))
        header = ['class', 'label', 'images']
        rows = [[name, str(i), str(self.class_images[i])] for i, name in enumerate(self.classes)]
        if self.has_pixels:
            header.append('pixels %')
            for i, row in enumerate(rows):
                row.append(f'{100 * self.pixels[i] / total:.3f}')
        if self.has_instances:
            header.append('instances')
            for i, row in enumerate(rows):
                row.append(str(self.class_instances[i]))
        return markdown_table(header, rows)

    def summary(self) -> list[str]:
        """Lines on images and instances as a whole."""
        at = 'their native sizes' if self.size is None else f'{self.size[0]}x{self.size[1]} (H x W)'
        lines = [f'{self.split}: {self.images} images, {self.empty} with nothing in them; counted at {at}']
        if self.absent_classes:
            shown = ', '.join(self.absent_classes[:8]) + (', ...' if len(self.absent_classes) > 8 else '')
            lines.append(f'  {len(self.absent_classes)} of {len(self.classes)} classes never occur: {shown}')
        if self.has_instances:
            total = sum(self.sizes.values())
            lines.append(f'  {total} instances: {self.vanished} without a pixel, {self.tiny} of 1 to {TINY - 1} pixels')
            quantiles = self.size_quantiles()
            if quantiles:
                percents, sizes = ' / '.join(map(str, quantiles)), ' / '.join(map(str, quantiles.values()))
                lines.append(f'  sizes of the others, {percents} %: {sizes} pixels')
        return lines


def nothing_to_learn(statistics: SplitStatistics) -> str | None:
    """Say why a training on a split would end in a loss of 0, having learned nothing.

    Args:
        statistics: Counts of the whole split.

    Returns:
        The reason and what to do, or None if all is well.
    """
    if not statistics.images:
        return None
    if not statistics.has_pixels and not statistics.has_instances:
        return 'its entries name no label map, no segments and no instances'
    if not statistics.has_pixels and statistics.vanished == sum(statistics.sizes.values()):
        return 'no instance in any image has a pixel left, crowds aside; nothing can be learned from it'
    if not statistics.has_pixels or (statistics.has_instances and statistics.pixels.any()):
        return None
    if len(statistics.classes) == 1:
        return ONE_CLASS
    found = np.flatnonzero(statistics.pixels).tolist()
    if len(found) > 1:
        return None
    what = f'every labelled pixel is of class {found[0]} ({statistics.classes[found[0]]!r})' if found else _NO_PIXEL
    mask = '; the value 255 is ignored: write masks of 0 and 255 as 0 and 1 (mask // 255)' if statistics.has_255 else ''
    return f'{what}, so there is nothing to tell apart, and the loss would reach 0{mask}'


_NO_PIXEL = 'no pixel has a label that counts'
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
