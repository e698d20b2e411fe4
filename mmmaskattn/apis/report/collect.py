"""What the folder of a training says: its config, its curves, how far it is, its checkpoint."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mmmaskattn.apis.model import best_checkpoint
from mmmaskattn.datasets.config_file import read_config_file

SCALARS = '*/vis_data/scalars.json'
_CHECKPOINTS = ('best_*.pth', 'last_checkpoint')
_ENVIRONMENT = re.compile(r'System environment:\n(.*?)\n-{20,}', re.DOTALL)
_SAID = ('Python', 'PyTorch', 'TorchVision', 'OpenCV', 'MMEngine', 'CUDA available', 'GPU', 'seed', 'deterministic')


class Curve(NamedTuple):
    """Values of one scalar.

    Attributes:
        steps: Iterations, or epochs of what is validated after epochs; rising.
        values: As many, finite.
    """

    steps: list[float]
    values: list[float]


@dataclass(frozen=True)
class Training:
    """What the folder of a training says.

    Attributes:
        folder: The folder.
        cfg: Its config.
        training: Curves of what is logged while training, by name, over iterations.
        validation: Curves of the figures of validations, by name.
        validation_unit: What these are over: ``'epoch'`` or ``'iteration'``.
        progress: How far it is, in words.
        checkpoint: Its best checkpoint, or else its last one; None before the first.
        environment: What its log says of versions and devices.
    """

    folder: Path
    cfg: Config
    training: dict[str, Curve]
    validation: dict[str, Curve]
    validation_unit: str
    progress: str
    checkpoint: Path | None
    environment: str


def is_training(folder: Path) -> bool:
    """Tell whether a folder is that of a training."""
    return any(next(folder.glob(pattern), None) for pattern in (SCALARS, *_CHECKPOINTS))


def read_training(folder: Path, options: Mapping[str, Any] | None = None, checkpoint: Path | None = None) -> Training:
    """Read the folder of a training, finished or running.

    Args:
        folder: The folder.
        options: Settings of its config to override.
        checkpoint: The checkpoint, where it is not the best one.

    Returns:
        What it says.

    Raises:
        FileNotFoundError: If its config or the checkpoint is missing.
        ValueError: If the config or an option is wrong.
    """
    configs = sorted(folder.glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not configs:
        raise FileNotFoundError(f'{folder} has no config (*.py), which a training writes there; name its folder')
    cfg = read_config_file(configs[-1], options)
    rows = list(_rows(folder))
    learned = [row for row in rows if 'iter' in row]
    checked = [row for row in rows if 'iter' not in row]
    by_epoch = _by_epoch(cfg)
    return Training(
        folder=folder,
        cfg=cfg,
        training=_curves(learned, ('iter', 'step', 'epoch')),
        validation=_curves(checked, ('step', 'time', 'data_time')),
        validation_unit='epoch' if by_epoch else 'iteration',
        progress=_progress(cfg, learned, by_epoch),
        checkpoint=_checkpoint(folder, checkpoint),
        environment=_environment(folder),
    )


def _checkpoint(folder: Path, given: Path | None) -> Path | None:
    if given is not None:
        if not given.is_file():
            raise FileNotFoundError(f'there is no checkpoint {given} (looked in {Path.cwd()})')
        return given
    try:
        found = best_checkpoint(folder)
    except FileNotFoundError:
        return None
    beside = folder / found.name  # the folder may have been moved since
    return beside if beside.is_file() else found


def _by_epoch(cfg: Config) -> bool:
    loop = cfg.get('train_cfg') or {}
    return bool(loop.get('by_epoch', 'max_iters' not in loop))


def _rows(folder: Path) -> Iterator[dict[str, float]]:
    """Rows of all runs of a training; what a later run has done again is taken from it."""
    kept: list[dict[str, float]] = []
    for path in sorted(folder.glob(SCALARS)):
        rows = [row for line in path.read_text(errors='replace').splitlines() if (row := _row(line))]
        for kind in (True, False):
            starts = [row['step'] for row in rows if ('iter' in row) == kind]
            if starts:
                kept = [row for row in kept if ('iter' in row) != kind or row['step'] < starts[0]]
        kept += rows
    yield from kept


def _row(line: str) -> dict[str, float]:
    """One line of mmengine's log of scalars; nothing for one that is just being written."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return row if isinstance(row, dict) and 'step' in row else {}


def _curves(rows: list[dict[str, float]], without: tuple[str, ...]) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for row in rows:
        for name, value in row.items():
            if name not in without and isinstance(value, (int, float)) and math.isfinite(value):
                curve = curves.setdefault(name, Curve([], []))
                curve.steps.append(row['step'])
                curve.values.append(value)
    return curves


def _progress(cfg: Config, rows: list[dict[str, float]], by_epoch: bool) -> str:
    loop = cfg.get('train_cfg') or {}
    unit, whole = ('epoch', loop.get('max_epochs')) if by_epoch else ('iteration', loop.get('max_iters'))
    reached = rows[-1].get('epoch' if by_epoch else 'iter') if rows else None
    if reached is None:
        return 'nothing logged yet'
    return f'{unit} {reached:g} of {whole}' if whole else f'{unit} {reached:g}'


def _environment(folder: Path) -> str:
    """Versions and devices, from the log of the last run that says them."""
    for log in sorted(folder.glob('*/*.log'), reverse=True):
        if found := _ENVIRONMENT.search(log.read_text(errors='replace')):
            lines = (line.strip() for line in found[1].splitlines())
            return '\n'.join(line for line in lines if line.startswith(_SAID) and not line.endswith('built with:'))
    return ''
