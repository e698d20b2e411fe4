"""The records of the images that are done, kept on disk, so that a run can go on where another was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Callable

from mmmaskattn.datasets.prepare.work import Record


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
        """Read one record back.

        Args:
            name: its name.

        Returns:
            The record.
        """
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
