"""The table and the picture of a comparison."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from mmmaskattn.analysis.comparison.measure import Conditions, Measured
from mmmaskattn.analysis.timing.latency import Timing, processor_name, ratios_to_first
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


def _onnx(batch: int) -> Callable[[Measured], float | None]:
    return lambda row: row.onnx[batch].median if batch in row.onnx else None


def _ratio(timings: dict[str, Timing]) -> Callable[[Measured], float | None]:
    """To the first of the models timed."""
    ratios = dict(zip(timings, ratios_to_first(list(timings.values())))) if timings else {}
    return lambda row: ratios.get(row.name)


def _latency_columns(rows: Sequence[Measured], batch: int, onnx: bool) -> list[Column]:
    """Eager, then ONNX Runtime."""
    eager = {row.name: row.latency[batch] for row in rows if batch in row.latency}
    columns = [
        Column(f'ms, batch {batch}', f'median_ms_{batch}', _latency(batch, 'median'), 1),
        Column(f'p95 ms, batch {batch}', f'p95_ms_{batch}', _latency(batch, 'p95'), 1),
        Column(f'ratio, batch {batch}', f'ratio_{batch}', _ratio(eager), 2),
    ]
    if onnx:
        timings = {row.name: row.onnx[batch] for row in rows if batch in row.onnx}
        columns += [
            Column(f'ONNX Runtime ms, batch {batch}', f'onnx_ms_{batch}', _onnx(batch), 1),
            Column(f'ONNX Runtime ratio, batch {batch}', f'onnx_ratio_{batch}', _ratio(timings), 2),
        ]
    return columns


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
        columns += _latency_columns(rows, batch, conditions.onnx)
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
    absent = [f'- {row.name} is not in ONNX Runtime: {row.onnx_failed}.' for row in rows if row.onnx_failed]
    notes = '\n'.join(['', *absent, '']) if absent else ''
    return f'{describe_conditions(rows, conditions)}\n\n{markdown_table(header, cells)}\n{notes}'


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
        'warm-up. Ratios are to the first model that has a time in the column, medians of those within a round.',
        'Forward `tensor` is the bare network; logits of a semantic model are enlarged bilinearly to the input, as its '
        'prediction does.',
    ]
    if c.onnx:
        lines.append(_describe_onnx(rows, c.threads))
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


def _describe_onnx(rows: Sequence[Measured], threads: int) -> str:
    differences = [row.onnx_difference for row in rows if row.onnx]
    held = f', outputs within {max(differences):.0e} of the largest value in eager PyTorch' if differences else ''
    return (
        f'ONNX Runtime {version("onnxruntime")}: the bare network, float32, {threads} thread(s), batch norm folded, '
        f'each timed call after an untimed one{held}.'
    )


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


X_AXES = ('macs', 'latency', 'onnx')


def _cost(row: Measured, axis: str) -> float | None:
    if axis == 'macs':
        return row.cost.macs / 1e9
    timings = row.latency if axis == 'latency' else row.onnx
    return timings[min(timings)].median if timings else None


def _axis_label(rows: Sequence[Measured], axis: str) -> str:
    if axis == 'macs':
        return 'G MACs'
    batch = min(min(row.latency) for row in rows)
    return f'ms{" in ONNX Runtime" if axis == "onnx" else ""}, batch {batch}'


def plot_comparison(rows: Sequence[Measured], path: Path, axis: str = 'macs', metric: str | None = None) -> None:
    """Draw a numbered point for each model, those of configs/peers in blue, and write the picture.

    Args:
        rows: The models.
        path: The PNG to write.
        axis: What the x axis shows, logarithmic: ``macs``, ``latency`` or ``onnx`` (ONNX Runtime) at the smallest
            batch; models without it are left out.
        metric: What the y axis shows: a metric, models without it left out; None shows parameters, logarithmic.

    Raises:
        ValueError: If ``axis`` is unknown, or no model has it.
    """
    if axis not in X_AXES or all(_cost(row, axis) is None for row in rows):
        raise ValueError(f'axis {axis!r}: expected one of {X_AXES}, and times only where they were measured')
    with_cost = [(row, x) for row in rows if (x := _cost(row, axis)) is not None]
    shown = [(row, x) for row, x in with_cost if metric is None or metric in row.accuracy]
    figure = Figure(figsize=(11, max(5.0, 1 + 0.22 * len(shown))), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, (row, x) in enumerate(shown, start=1):
        y = row.cost.params / 1e6 if metric is None else row.accuracy[metric].mean
        colour = '#3b6ea5' if 'peers' in Path(row.config).parts else '#b03a2e'
        axes.scatter(x, y, s=40, color=colour, label=f'{number}  {row.name}')
        axes.annotate(str(number), (x, y), (4, 4), textcoords='offset points', fontsize=8)
    _set_log(axes.xaxis, axes.set_xscale)
    axes.set_xlabel(_axis_label(rows, axis))
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
