"""The page: one file, nothing foreign in it, for a training or for a folder of predictions."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from mmmaskattn.apis.report.collect import Training, is_training, read_training
from mmmaskattn.apis.report.evaluate import SPLITS, Evaluation, evaluate
from mmmaskattn.apis.report.parts import Part, curve_parts, evaluation_parts, headline_tiles, prediction_parts
from mmmaskattn.apis.report.predictions import PARTS, is_predictions, read_predictions
from mmmaskattn.utils.configs import config_name
from mmmaskattn.utils.environment import report as environment_report
from mmmaskattn.utils.files import atomic_write

NAME = 'report.html'
MARK = b'<meta name="generator" content="mmmaskattn report">'
PICTURES = 6


def write_report(
    folder: str | Path,
    out: str | Path | None = None,
    split: str = 'val',
    checkpoint: str | Path | None = None,
    pictures: int = PICTURES,
    test: bool = True,
    options: Mapping[str, Any] | None = None,
    command: str = '',
) -> Path:
    """Write a page about a training or about predictions.

    Args:
        folder: Folder of a training, finished or running, or one that ``mmmaskattn predict --out`` has written.
        out: The file; ``report.html`` in the folder by default. One that is there is replaced if it is a report.
        split: ``'val'`` or ``'test'``: on which data of the config the checkpoint is tested.
        checkpoint: The checkpoint; the best one of the training by default.
        pictures: How many of the best and of the worst pictures are shown, or twice as many predictions.
        test: Whether to test the checkpoint; without it there are the curves alone.
        options: Settings of the config to override.
        command: The command line that asks for it, for the page.

    Returns:
        The file.

    Raises:
        FileNotFoundError: If something is missing.
        FileExistsError: If another file than a report is at its place.
        ValueError: If the folder is neither of the two, or an option is wrong.
    """
    source = Path(folder)
    target = Path(out) if out else source / NAME
    if not source.is_dir():
        raise FileNotFoundError(f'{folder} is no folder; name that of a training, or of mmmaskattn predict --out')
    if split not in SPLITS:
        raise ValueError(f'split {split!r}: expected one of {", ".join(SPLITS)}')
    if pictures < 0:
        raise ValueError(f'pictures: found {pictures}, expected 0 or more')
    check_target(target)
    if is_training(source):
        training = read_training(source, options, Path(checkpoint) if checkpoint else None)
        found = evaluate(training.cfg, training.checkpoint, split, pictures) if test and training.checkpoint else None
        content = training_page(training, found, command)
    elif is_predictions(source):
        content = _predictions_page(source, pictures, command)
    else:
        raise ValueError(
            f'{folder} is neither the folder of a training (TIME/vis_data/scalars.json, best_*.pth or last_checkpoint) '
            f'nor of predictions ({", ".join(PARTS)})'
        )
    atomic_write(target, content.encode())
    return target


def check_target(target: Path) -> None:
    """Refuse to overwrite what is no report.

    Raises:
        FileExistsError: If such a file is there.
    """
    if not target.exists():
        return
    if target.is_file():
        with target.open('rb') as file:
            if MARK in file.read(1000):
                return
    raise FileExistsError(f'{target} is there already and is no report of ours; name another file with --out')


def training_page(training: Training, found: Evaluation | None, command: str) -> str:
    """Lay out the page of a training.

    Args:
        training: The training.
        found: The evaluation of its checkpoint, if there is one.
        command: The command line that asks for it.
    """
    notes = []
    if training.checkpoint is None:
        notes.append('There is no checkpoint yet, so nothing could be evaluated.')
    name = config_name(training.cfg.filename)
    parts = curve_parts(training) + (evaluation_parts(found) if found else [])
    parts.append(_config_part(training, found, command))
    subtitle = f'{training.folder}, {training.progress}, {_now()}'
    return _render(f'Training of {name}', subtitle, headline_tiles(found.figures) if found else [], parts, notes)


def _config_part(training: Training, found: Evaluation | None, command: str) -> Part:
    config = shlex.quote(str(training.cfg.filename))
    again = [f'mmmaskattn train {config} --work-dir NEW_FOLDER']
    if found:
        end = '' if found.split == 'test' else '    # where the test set is the validation set'
        again.append(f'mmmaskattn test {config} {shlex.quote(str(found.checkpoint))}{end}')
    blocks = [('Commands', '\n'.join([*([command] if command else []), *again]))]
    if training.environment:
        blocks.append(('Versions of the training', training.environment))
    blocks += [('Versions of this report', environment_report()), ('Config', training.cfg.pretty_text)]
    return Part('Commands, versions, config', blocks=blocks, open=True)


def _predictions_page(folder: Path, pictures: int, command: str) -> str:
    found = read_predictions(folder)
    tiles = [('pictures', f'{found.images}')]
    if found.counts:
        objects = sum(found.counts.values())
        tiles += [('objects', f'{objects}'), ('objects a picture', f'{objects / max(found.images, 1):.1f}')]
    blocks = [('Command', command)] if command else []
    blocks.append(('Versions of this report', environment_report()))
    parts = [*prediction_parts(found, 2 * pictures), Part('Command, versions', blocks=blocks, open=True)]
    subtitle = f'{folder}, {_now()}; without truth, so nothing here says how good they are'
    return _render(f'Predictions in {folder.resolve().name}', subtitle, tiles, parts, [])


def _now() -> str:
    return time.strftime('%Y-%m-%d %H:%M')


@cache
def _template() -> jinja2.Template:
    """The page's template; what it is given is escaped."""
    source = Path(__file__).with_name('page.html').read_text(encoding='utf-8')
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(source)


def _render(title: str, subtitle: str, tiles: list[tuple[str, str]], parts: list[Part], notes: list[str]) -> str:
    return _template().render(title=title, subtitle=subtitle, tiles=tiles, parts=parts, notes=notes)
