"""Plot accuracy against cost from a Markdown table of these pages, so that picture and table cannot disagree.

python tools/analysis/plot_accuracy.py docs/explanation/accuracy.md --x "ms, one thread" --y "test mIoU" \\
    --out docs/images/accuracy.png

A cell may hold one value for each seed: the mean is drawn, with the standard deviation over the seeds.
"""

from __future__ import annotations

import argparse
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line

OURS, PEER = '#b03a2e', '#3b6ea5'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('page', type=Path, help='Markdown page; its first table with both columns is taken')
    parser.add_argument('--x', required=True, metavar='COLUMN', help='heading of the cost')
    parser.add_argument('--y', required=True, metavar='COLUMN', help='heading of the accuracy')
    parser.add_argument('--out', type=Path, required=True, help='PNG to write; replaced if it is there')
    return parser.parse_args(argv)


def read_table(page: Path, columns: tuple[str, str]) -> list[tuple[str, list[float], list[float]]]:
    """The rows of the first table that has both columns: name (its first cell), and the numbers in the two cells."""
    header: list[str] = []
    rows: list[Any] = []
    for line in page.read_text(encoding='utf-8').splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')] if line.startswith('|') else []
        if not cells and rows:
            break
        if set(columns) <= set(cells):
            header = cells
        elif header and cells and not set(line) <= set('|-: '):
            x, y = (_numbers(cells[header.index(column)]) for column in columns)
            rows.append((cells[0], x, y))
    if not rows:
        raise ValueError(f'{page}: no table with the columns {columns[0]!r} and {columns[1]!r}; see its headings')
    return rows


def _numbers(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r'\d+(?:\.\d+)?', cell)]


def plot(rows: list[tuple[str, list[float], list[float]]], labels: tuple[str, str], out: Path) -> None:
    """Draw a numbered point for each row, named beside; names in code marks are this package's variants, in red."""
    figure = Figure(figsize=(9, 3.6), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, (name, x, y) in enumerate(rows, start=1):
        centre = statistics.mean(x), statistics.mean(y)
        seeds = f'{len(y)} seeds' if len(y) > 1 else '1 seed'
        axes.errorbar(
            *centre,
            yerr=statistics.stdev(y) if len(y) > 1 else None,
            fmt='o',
            markersize=8,
            capsize=4,
            color=OURS if name.startswith('`') else PEER,
            label=f'{number}  {name.replace("`", "")} ({seeds})',
        )
        axes.annotate(str(number), centre, (7, 5), textcoords='offset points', fontsize=10)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.margins(x=0.15, y=0.15)
    axes.grid(alpha=0.3)
    axes.legend(loc='center left', bbox_to_anchor=(1.01, 0.5), fontsize=9, frameon=False)
    figure.savefig(out, dpi=110)


@ends_in_one_line('plot_accuracy')
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the plot."""
    args = parse_args(argv)
    rows = read_table(args.page, (args.x, args.y))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    plot(rows, (args.x, args.y), args.out)
    print(f'{len(rows)} points drawn into {args.out}')


if __name__ == '__main__':
    main()
