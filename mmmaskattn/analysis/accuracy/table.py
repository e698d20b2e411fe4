"""The table of an accuracy comparison: what was trained, on how much, and how well, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.analysis.cost.complexity import count_complexity
from mmmaskattn.analysis.models import build_model, input_size
from mmmaskattn.utils.markdown import giga, markdown_table, mega


@dataclass(frozen=True)
class Subject:
    """One config of the comparison.

    Attributes:
        name: Its name in the table.
        params: Parameters.
        macs: MACs at the network's input size.
        train_images: Images in the training set.
    """

    name: str
    params: int
    macs: int
    train_images: int


def describe(cfg: Config, name: str) -> Subject:
    """Measure the model of a config and count its training images.

    Args:
        cfg: The config, its data in place.
        name: Its name in the table.
    """
    cost = count_complexity(build_model(cfg), input_size(cfg)[0])
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    return Subject(name, cost.params, cost.macs, len(DATASETS.build(cfg.train_dataloader.dataset)))


def accuracy_table(
    results: Mapping[Subject, Sequence[Mapping[str, Any]]],
    epochs: int,
    protocol: str,
    metrics: Sequence[str] = ('mIoU',),
    sweeps: Mapping[Subject, str] | None = None,
) -> str:
    """A Markdown table with one row for each config.

    Args:
        results: The finished runs of each config, as ``execute_run`` gives them; in the order of the seeds.
        epochs: Epochs trained.
        protocol: Evaluation protocol.
        metrics: Metrics shown, in two columns each: value by seed, and mean with spread.
        sweeps: What each learning rate gave on the validation images, in a column of its own.

    Returns:
        The table. The spread is the sample standard deviation over the seeds, absent for one seed.
    """
    rows = []
    for subject, runs in results.items():
        row = [
            subject.name,
            mega(subject.params),
            giga(subject.macs),
            ' '.join(str(run['seed']) for run in runs),
            str(epochs * subject.train_images),
            protocol,
        ]
        for metric in metrics:
            row += _value_cells([float(run['metrics'][f'{protocol}/{metric}']) for run in runs])
        row += [sweeps[subject]] if sweeps else []
        rows.append([*row, ' '.join(f'{run["seconds"]:.0f}' for run in runs) or '-'])
    header = ['config', 'parameters', 'MACs', 'seeds', 'images seen', 'protocol']
    columns = [name for metric in metrics for name in (metric, 'mean ± std')]
    tried = [f'{metrics[0]} on validation images by rate'] if sweeps else []
    return markdown_table([*header, *columns, *tried, 'training s'], rows)


def _value_cells(values: Sequence[float]) -> list[str]:
    """The values of one metric by seed, and their mean with the spread."""
    if not values:
        return ['-', '-']
    spread = f' ± {stdev(values):.1f}' if len(values) > 1 else ''
    return [' '.join(f'{value:.1f}' for value in values), f'{mean(values):.1f}{spread}']
