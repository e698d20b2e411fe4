"""Figures per class: a table for the log, and metrics by name."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.logging import print_log
from rich.box import ASCII
from rich.console import Console
from rich.table import Table


def class_table(names: Sequence[str], figures: Mapping[str, np.ndarray]) -> str:
    """Lay out figures with one line per class that has any.

    Args:
        names: Class names.
        figures: Values by column; NaN is shown as ``-``.

    Returns:
        The table as plain text.
    """
    table = Table('class', box=ASCII)
    for column in figures:
        table.add_column(column, justify='right')
    for label, name in enumerate(names):
        values = [column[label] for column in figures.values()]
        if not np.isnan(values).all():
            table.add_row(name, *('-' if np.isnan(value) else f'{value:.2f}' for value in values))
    text = io.StringIO()
    Console(file=text, width=500, color_system=None, markup=False, highlight=False).print(table)
    return text.getvalue()


def log_classes(title: str, names: Sequence[str], figures: Mapping[str, np.ndarray]) -> None:
    """Write the table of `class_table` to the log.

    Args:
        title: What stands above it.
        names: Class names.
        figures: Values by column.
    """
    print_log(f'{title}\n{class_table(names, figures)}', logger='current')


def by_name(figure: str, names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    """Figures per class as metrics.

    Args:
        figure: Name of the figure, for example ``PQ``.
        names: Class names.
        values: One per class; NaN are left out.

    Returns:
        ``{'PQ(car)': 41.2, ...}``.
    """
    return {f'{figure}({name})': float(value) for name, value in zip(names, values) if not np.isnan(value)}
