"""The records of the images that are done, kept on disk, and whether they still hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

from mmmaskattn.data_tools.prepare.split import PictureTask, Record, Split
from mmmaskattn.utils.files import atomic_write


class RecordStore:
    """A file of one json record a line, of which only the places are held in memory.

    A line that a killed process left half written is cut off; records that are no longer true are passed over.

    Args:
        path: the file; made if absent.
        is_true: whether a record found in the file still holds.
    """

    def __init__(self, path: Path, is_true: Callable[[Record], bool]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._file = open(path, 'r+b')  # noqa: SIM115 - closed by __exit__
        self._places: dict[str, int] = {}
        end = 0
        for line in self._file:
            record = _parse(line)
            if record is not None and is_true(record):
                self._places[record['name']] = end
            if line.endswith(b'\n'):
                end += len(line)
        self._file.truncate(end)
        self._end = end

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def add(self, record: Record) -> None:
        """Append a record and hand it to the operating system, where the end of this process cannot harm it.

        Args:
            record: ready for json, with a ``name``.
        """
        line = json.dumps(record).encode() + b'\n'
        self._file.seek(self._end)
        self._file.write(line)
        self._file.flush()
        self._places[record['name']] = self._end
        self._end += len(line)

    def get(self, name: str) -> Record:
        """Read one record back."""
        self._file.seek(self._places[name])
        return json.loads(self._file.readline())


def _parse(line: bytes) -> Record | None:
    """Return a line's record, or None if the line is damaged."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    whole = line.endswith(b'\n') and isinstance(record, dict) and 'name' in record
    return record if whole else None


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
