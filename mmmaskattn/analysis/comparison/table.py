"""The table and the picture of a comparison."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from mmmaskattn.analysis.comparison.measure import Conditions, Measured
from mmmaskattn.analysis.timing.latency import processor_name
from mmmaskattn.utils.markdown import markdown_table


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: Heading in Markdown, with the unit.
        key: Heading in CSV.
        value: Its value of a row; None where there is none.
        digits: Digits after the point in Markdown.
    """

    title: str
    key: str
    value: Callable[[Measured], float | None]
    digits: int


def _latency(batch: int, figure: str) -> Callable[[Measured], float | None]:
    return lambda row: getattr(row.latency[batch], figure) if batch in row.latency else None


def _memory(key: str) -> Callable[[Measured], float | None]:
    return lambda row: row.memory.get(key)


def _training(row: Measured) -> float | None:
    return None if row.training is None else row.training.median


def _columns(rows: Sequence[Measured], conditions: Conditions) -> list[Column]:
    columns = [
        Column('parameters M', 'params', lambda row: row.cost.params / 1e6, 3),
        Column('not read M', 'params_not_read', lambda row: (row.cost.params - row.cost.params_read) / 1e6, 3),
        Column('MACs G', 'macs', lambda row: row.cost.macs / 1e9, 3),
    ]
    if any(row.instances_found is not None for row in rows):
        columns.append(Column('instances found', 'instances_found', lambda row: row.instances_found, 0))
    for batch in conditions.batches:
        columns += [
            Column(f'ms, batch {batch}', f'median_ms_{batch}', _latency(batch, 'median'), 1),
            Column(f'p95 ms, batch {batch}', f'p95_ms_{batch}', _latency(batch, 'p95'), 1),
        ]
    if conditions.train_batch:
        train = conditions.train_batch
        title = f'training step ms, batch {train}'
        columns.append(Column(title, f'train_ms_{train}', _training, 0))
    if conditions.memory:
        columns += [Column(f'MiB, batch {b}', f'peak_mib_{b}', _memory(str(b)), 0) for b in conditions.batches]
        if conditions.train_batch:
            columns.append(Column('MiB, training', 'peak_mib_train', _memory('train'), 0))
    return columns


def as_markdown(rows: Sequence[Measured], conditions: Conditions, metrics: Sequence[str] = ()) -> str:
    """The table with the conditions under which it was made.

    Args:
        rows: The models.
        conditions: How they were measured.
        metrics: Metrics to show, where known.
    """
    columns = _columns(rows, conditions)
    cells = [
        [
            row.name,
            row.forward,
            *(_text(column.value(row), column.digits) for column in columns),
            *(str(row.accuracy.get(metric, '-')) for metric in metrics),
        ]
        for row in rows
    ]
    header = ['model', 'forward', *(column.title for column in columns), *metrics]
    return f'{describe_conditions(rows, conditions)}\n\n{markdown_table(header, cells)}\n'


def _text(value: float | None, digits: int) -> str:
    return '-' if value is None else f'{value:.{digits}f}'


def describe_conditions(rows: Sequence[Measured], conditions: Conditions) -> str:
    """Everything that a reader needs to repeat the measurement."""
    c = conditions
    lines = [
        f'Input 3 x {c.shape[0]} x {c.shape[1]} (height, width), float32, random weights and images; '
        f'{processor_name(c.device)}, {c.threads} CPU thread(s), torch {torch.__version__}.',
        'Not read: parameters that the forward does not use, such as auxiliary heads. MACs are multiply-accumulates, '
        'attention included (mm* prints them as "FLOPs"). Times are medians of the '
        f'whole batch in interleaved rounds, {c.rounds} at batch 1, {c.slow_rounds} otherwise, after {c.warmup} of '
        'warm-up.',
    ]
    if any(row.instances_found is not None for row in rows):
        lines.append(
            'Instances found: in the image counted. Post-processing costs more the more there is to do, and random '
            'weights find what they find.'
        )
    if c.train_batch:
        lines.append('Training step: forward, losses on drawn truth of eight instances, backward; no optimizer.')
    if c.memory:
        source = 'the allocator' if c.device != 'cpu' else 'the resident memory of a process of its own'
        lines.append(f'MiB: peak of {source} above the weights.')
    settings = sorted({known.setting for row in rows for known in row.accuracy.values()})
    if settings:
        lines.append(f'Accuracy: mean and standard deviation over the seeds; {"; ".join(settings)}.')
    return '\n'.join(lines)


def as_csv(rows: Sequence[Measured], conditions: Conditions, metrics: Sequence[str] = ()) -> str:
    """The same figures unrounded, one line for each model.

    Args:
        rows: The models.
        conditions: How they were measured.
        metrics: Metrics to add, mean over the seeds.

    Returns:
        CSV with a heading; an empty cell is a figure that there is not.
    """
    columns = _columns(rows, conditions)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['model', 'config', 'forward', *(column.key for column in columns), *metrics])
    for row in rows:
        figures = [column.value(row) for column in columns]
        known = [row.accuracy[metric].mean if metric in row.accuracy else '' for metric in metrics]
        writer.writerow(
            [row.name, row.config, row.forward, *('' if value is None else value for value in figures), *known]
        )
    return text.getvalue()


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
