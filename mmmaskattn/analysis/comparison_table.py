"""The table of a comparison: Markdown for people, CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from mmmaskattn.analysis.comparison import Conditions, Measured
from mmmaskattn.analysis.latency import processor_name
from mmmaskattn.analysis.markdown import markdown_table


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


def _found(row: Measured) -> float | None:
    return row.found


def _training(row: Measured) -> float | None:
    return None if row.training is None else row.training.median


def _columns(rows: Sequence[Measured], conditions: Conditions) -> list[Column]:
    columns = [
        Column('parameters M', 'params', lambda row: row.cost.params / 1e6, 3),
        Column('not read M', 'params_not_read', lambda row: (row.cost.params - row.cost.params_read) / 1e6, 3),
        Column('MACs G', 'macs', lambda row: row.cost.macs / 1e9, 3),
    ]
    if any(row.found is not None for row in rows):
        columns.append(Column('instances found', 'instances_found', _found, 0))
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

    Returns:
        Markdown.
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
    """Everything that a reader needs to repeat the measurement.

    Args:
        rows: The models.
        conditions: How they were measured.

    Returns:
        A few sentences.
    """
    c = conditions
    lines = [
        f'Input 3 x {c.shape[0]} x {c.shape[1]} (height, width), float32, random weights and images; '
        f'{processor_name(c.device)}, {c.threads} CPU thread(s), torch {torch.__version__}.',
        'Not read: parameters that the forward does not use, such as auxiliary heads. MACs are multiply-accumulates, '
        'attention included (mm* prints them as "FLOPs"). Times are medians of the '
        f'whole batch in interleaved rounds, {c.rounds} at batch 1, {c.slow_rounds} otherwise, after {c.warmup} of '
        'warm-up.',
    ]
    if any(row.found is not None for row in rows):
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
