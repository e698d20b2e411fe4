"""Accuracy of compared models, from the result files of tools/analysis/accuracy.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from mmmaskattn.utils.configs import config_name


@dataclass(frozen=True)
class Accuracy:
    """A metric of one config over its seeds.

    Attributes:
        values: One for each seed.
        setting: Protocol, epochs and options of the runs, for the reader.
    """

    values: tuple[float, ...]
    setting: str

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return mean(self.values)

    def __str__(self) -> str:
        spread = f' ± {stdev(self.values):.1f}' if len(self.values) > 1 else ''
        return f'{self.mean:.1f}{spread}'


def _read(path: Path) -> list[dict[str, Any]]:
    """The runs of a result file."""
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; --accuracy takes results.json of tools/analysis/accuracy.py')
    try:
        runs = list(json.loads(path.read_text()).values())
        [(run['config'], run['seed'], run['epochs'], run['protocol'], run['metrics'].items()) for run in runs]
    except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f'{path}: not a result file ({type(error).__name__}: {error}); expected what '
            'tools/analysis/accuracy.py writes'
        ) from error
    return runs


def _setting(run: dict[str, Any]) -> str:
    options = ' '.join(run.get('options', []))
    return f'{run["protocol"]}, {run["epochs"]} epochs' + (f', {options}' if options else '')


def _one_setting(runs: Sequence[dict[str, Any]], name: str) -> str:
    settings = sorted({_setting(run) for run in runs})
    contents = {run.get('fingerprint') for run in runs}
    if len(contents) > len(settings):
        raise ValueError(
            f'--accuracy: {name} has results of {len(contents)} versions of the config or its data, which must not be '
            'mixed. Give result files of one.'
        )
    if len(settings) > 1:
        raise ValueError(
            f'--accuracy: {name} has results of {len(settings)} settings, which must not be mixed: '
            f'{"; ".join(settings)}. Give result files of one.'
        )
    return settings[0]


def read_accuracy(
    paths: Iterable[Path], names: Sequence[str], metrics: Sequence[str]
) -> dict[str, dict[str, Accuracy]]:
    """Read result files and pick the runs of the configs compared.

    Args:
        paths: Files that tools/analysis/accuracy.py wrote.
        names: Names of the configs, see `config_name`.
        metrics: Names without protocol, such as ``mIoU``.

    Returns:
        By config and metric; a config without results, and a metric that it does not have, are left out.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is none of these, a config's runs differ in protocol, epochs, options, content or data, or
            nothing fits.
    """
    runs = [run for path in paths for run in _read(path)]
    found: dict[str, dict[str, Accuracy]] = {}
    for name in names:
        own = [run for run in runs if config_name(run['config']) == name]
        setting = _one_setting(own, name) if own else ''
        for metric in metrics:
            key = f'{own[0]["protocol"]}/{metric}' if own else metric
            by_seed = {run['seed']: float(run['metrics'][key]) for run in own if key in run['metrics']}
            if by_seed:
                found.setdefault(name, {})[metric] = Accuracy(tuple(by_seed.values()), setting)
    if runs and not found:
        had = sorted({config_name(run['config']) for run in runs})
        raise ValueError(
            f'--accuracy: no result fits: the files are of {had}, the configs compared are {list(names)}, the metrics '
            f'{list(metrics)}. Check the files and --metric.'
        )
    return found
