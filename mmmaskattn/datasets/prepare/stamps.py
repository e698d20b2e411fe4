"""Telling whether what was made still fits what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmmaskattn.datasets.prepare.work import PictureTask, Record, Split
from mmmaskattn.utils.atomic import atomic_write

FORMAT = 1
"""Raise it when the same input gives other files: what earlier versions prepared is then made anew."""


def stamp(paths: Iterable[Path]) -> list[list[int]]:
    """Return the size in bytes and the time of change of each file; [] for one that is missing."""
    return [_stamp(path) for path in paths]


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def task_stamp(task: PictureTask) -> list:
    """Return what a record must agree with: the version, the sources, and the sizes of the files made."""
    return [FORMAT, stamp((task.image, *task.sources)), [found[:1] for found in stamp(task.outputs)]]


def split_stamp(split: Split) -> str:
    """Return one number for all sources, all pictures made and all json files of a split."""
    digest = hashlib.sha256()
    for task in split.tasks:
        digest.update(json.dumps([task.name, task_stamp(task)]).encode())
    digest.update(json.dumps(stamp(json_file.path for json_file in split.json_files)).encode())
    return digest.hexdigest()


def read_mark(path: Path, split: Split) -> Record | None:
    """Return the totals of a split that was finished and is unchanged since.

    Args:
        path: the split's mark.
        split: the split as it is found now.

    Returns:
        The totals, or None if the split was not finished or something has changed.
    """
    try:
        mark: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return mark['totals'] if mark.get('stamp') == split_stamp(split) else None


def write_mark(path: Path, split: Split, totals: Record) -> None:
    """Note that a split is finished.

    Args:
        path: the split's mark.
        split: the split.
        totals: what was counted, for later runs to say.
    """
    atomic_write(path, json.dumps({'stamp': split_stamp(split), 'totals': totals}, indent=1).encode())
