"""Classes in evaluation: things and stuff, and the table of results by class."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.logging import print_log
from rich.box import ASCII
from rich.console import Console
from rich.table import Table


class ClassKinds(NamedTuple):
    """Names of the classes in the order of their labels: the things, then the stuff.

    Attributes:
        names: All names; the background of an instance data set is among them.
        num_things: How many of them are things; None where the data set does not say.
    """

    names: tuple[str, ...]
    num_things: int | None

    @property
    def parts(self) -> dict[str, slice]:
        """Labels that a figure is averaged over, by the suffix of its name; a kind without classes is left out."""
        if self.num_things is None:
            return {'': slice(len(self.names))}
        kinds = {'_things': slice(self.num_things), '_stuff': slice(self.num_things, len(self.names))}
        return {'': slice(len(self.names)), **{key: part for key, part in kinds.items() if self.names[part]}}

    @property
    def things(self) -> tuple[str, ...]:
        """Names of the things; all names where the data set has no such split (mmdet's detection sets)."""
        return self.names[: self.num_things]


def class_kinds(metainfo: Mapping[str, Any] | None) -> ClassKinds:
    """Read the classes of a data set.

    Args:
        metainfo: Its ``classes`` and, if it has both kinds, ``thing_classes`` and ``stuff_classes``. Kinds of stuff
            that are not among the classes follow them, as the background of our instance data sets does.

    Raises:
        ValueError: If there are no classes, or the things do not come first.
    """
    metainfo = metainfo or {}
    if not {'classes', 'thing_classes', 'stuff_classes'} & metainfo.keys():
        raise ValueError(
            "the metric's dataset_meta has no classes. A Runner sets it from the data set's metainfo; elsewhere set "
            'metric.dataset_meta = dict(classes=..., thing_classes=..., stuff_classes=...).'
        )
    if not {'thing_classes', 'stuff_classes'} & metainfo.keys():
        return ClassKinds(tuple(metainfo['classes']), None)
    things, stuff = tuple(metainfo.get('thing_classes', ())), tuple(metainfo.get('stuff_classes', ()))
    classes = tuple(metainfo.get('classes', things + stuff))
    if (things + stuff)[: len(classes)] != classes:
        raise ValueError(
            f'classes={classes}, but thing_classes={things} and stuff_classes={stuff}. Expected the things first, then '
            f'the stuff: order the classes so, or the labels of the two cannot be told apart.'
        )
    return ClassKinds(things + stuff, len(things))


def figures_table(names: Sequence[str], figures: Mapping[str, np.ndarray]) -> str:
    """Lay out figures with one line per class that has any.

    Args:
        names: Class names.
        figures: Values by column; NaN is shown as ``-``.
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


def log_figures(title: str, names: Sequence[str], figures: Mapping[str, np.ndarray]) -> None:
    """Write the table of `figures_table` to the log."""
    print_log(f'{title}\n{figures_table(names, figures)}', logger='current')


def metrics_by_class(figure: str, names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    """Figures per class as metrics.

    Args:
        figure: Name of the figure, for example ``PQ``.
        names: Class names.
        values: One per class; NaN are left out.

    Returns:
        ``{'PQ(car)': 41.2, ...}``.
    """
    return {f'{figure}({name})': float(value) for name, value in zip(names, values) if not np.isnan(value)}
