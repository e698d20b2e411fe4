"""Learning rates of a comparison: each is tried with one seed, and the best on the validation images is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RATE = 'optim_wrapper.optimizer.lr'
"""Setting that holds the learning rate."""


def rate_option(rate: float) -> str:
    """The setting ``key=value`` of a learning rate.

    Args:
        rate: The rate.
    """
    return f'{RATE}={rate:g}'


def last_validation(folder: Path) -> dict[str, float]:
    """Metrics of the last validation of a training, by its log.

    Args:
        folder: Its work folder.

    Returns:
        Metrics by name, such as ``lowres/mIoU``; empty if it has not validated.
    """
    logs = sorted(folder.glob('*/vis_data/scalars.json'), key=lambda path: path.stat().st_mtime)
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    validations = [line for line in lines if any('/' in key for key in line) and 'loss' not in line]
    return {key: value for key, value in (validations or [{}])[-1].items() if '/' in key}


def validation_value(result: Mapping[str, Any], metric: str) -> float:
    """A metric on the validation images; minus infinity where it is missing or not a number.

    Args:
        result: Of a run, as ``execute_run`` gives it.
        metric: Its name without the protocol, such as ``mIoU``.
    """
    value = next((value for key, value in result['validation'].items() if key.endswith(f'/{metric}')), None)
    return float('-inf') if value is None or value != value else float(value)


def best_rate(results: Mapping[float, Mapping[str, Any]], metric: str) -> float:
    """The learning rate with the best validation; the lower one of equals.

    Args:
        results: One result for each rate.
        metric: The metric that decides.
    """
    return max(sorted(results), key=lambda rate: validation_value(results[rate], metric))


def sweep_cell(results: Mapping[float, Mapping[str, Any]], metric: str) -> str:
    """How each rate did on the validation images, the best in bold: ``0.001 49.0, **0.002 51.2**``.

    Args:
        results: One result for each rate that is finished.
        metric: The metric shown.
    """
    best = best_rate(results, metric) if results else None
    words = {rate: f'{rate:g} {validation_value(results[rate], metric):.1f}' for rate in sorted(results)}
    return ', '.join(f'**{text}**' if rate == best else text for rate, text in words.items())
