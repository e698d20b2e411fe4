"""Where the records of a cache are: in memory that processes share, or in files."""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np

from mmmaskattn.utils.files import atomic_write

FORMAT = 1
"""Of the files; another number makes those of before unknown."""
_LENGTH, _CHECK = 8, 4
"""Bytes of what stands before a record."""


class Store(ABC):
    """Records of samples, several for each; written once, then read by all."""

    @abstractmethod
    def get(self, sample: Mapping[str, Any], slot: int) -> bytearray | None:
        """Read a record.

        Args:
            sample: The sample as the data set gives it to its pipeline.
            slot: Which of its records.

        Returns:
            A copy of the record, None if there is none.
        """

    @abstractmethod
    def put(self, sample: Mapping[str, Any], slot: int, record: bytes) -> None:
        """Write a record, if there is room.

        Args:
            sample: See `get`.
            slot: See `get`.
            record: The record.
        """


class MemoryStore(Store):
    """Records in memory that has no name in the file system: it is shared and goes with the last process that uses it.

    Worker processes get it when they are forked or spawned; processes of the same user on the same machine open `path`.
    Each record is held once. A table has the place of each, which is entered when the record is whole.

    Args:
        samples: Number of samples of the data set.
        slots: Records of a sample.
        limit: Most bytes of all records; what comes when they are reached is not stored.
        path: Another process's `path`, to use its memory.

    Raises:
        OSError: If the other process's memory cannot be opened.
    """

    def __init__(self, samples: int, slots: int, limit: int, path: str | None = None) -> None:
        self.samples, self.slots, self.limit = samples, slots, limit
        self._open(path)

    def _open(self, path: str | None) -> None:
        size = 8 * (1 + self.samples * self.slots)
        self._file = os.open(path, os.O_RDWR) if path else _nameless_file()
        if not path:
            os.ftruncate(self._file, size)
        self._table = np.frombuffer(mmap.mmap(self._file, size), np.int64)
        if not path:
            self._table[0] = size  # where the next record goes

    @property
    def path(self) -> str:
        """Where other processes find it as long as this one runs, on Linux."""
        return f'/proc/{os.getpid()}/fd/{self._file}'

    def __getstate__(self) -> dict[str, Any]:
        return dict(samples=self.samples, slots=self.slots, limit=self.limit, path=self.path)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.samples, self.slots, self.limit = state['samples'], state['slots'], state['limit']
        self._open(state['path'])

    def get(self, sample: Mapping[str, Any], slot: int) -> bytearray | None:
        """Read a record; see `Store`."""
        place = int(self._table[self._entry(sample, slot)])
        if not place:
            return None
        record = bytearray(int.from_bytes(os.pread(self._file, _LENGTH, place), 'little'))
        os.preadv(self._file, [record], place + _LENGTH)
        return record

    def put(self, sample: Mapping[str, Any], slot: int, record: bytes) -> None:
        """Write a record; see `Store`."""
        entry, content = self._entry(sample, slot), len(record).to_bytes(_LENGTH, 'little') + record
        if self._table[entry]:
            return
        place = self._take(len(content))
        if place:
            os.pwrite(self._file, content, place)
            self._table[entry] = place

    def _entry(self, sample: Mapping[str, Any], slot: int) -> int:
        return 1 + sample['sample_idx'] * self.slots + slot

    def _take(self, size: int) -> int:
        """Reserve room; 0 if there is none."""
        import fcntl  # which Windows lacks, as it lacks files without a name

        fcntl.lockf(self._file, fcntl.LOCK_EX)  # of this process: threads of one must not share a store
        try:
            place = int(self._table[0])
            if place + size > self.limit:
                return 0
            self._table[0] = place + size
            return place
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        if hasattr(self, '_file'):
            os.close(self._file)


def _nameless_file() -> int:
    if hasattr(os, 'memfd_create'):
        return os.memfd_create('samples')
    with tempfile.TemporaryFile() as file:  # macOS has no memory without a name
        return os.dup(file.fileno())


class FolderStore(Store):
    """Records in files, one each, that outlive the training; several processes and trainings may share the folder.

    A file is a check sum and the record, so that one that a power cut has spoilt is written anew. Its name is a digest
    of all that its content depends on: path, size and time of the image and of its label picture, the rest of the
    sample, the steps with their options, the decoder's version. So nothing that is outdated is ever read, and the
    folder may be deleted at any time.

    Args:
        folder: The folder; it is made when it is needed.
        steps: What the records are the result of, in words.
    """

    def __init__(self, folder: str | Path, steps: str) -> None:
        self.folder = Path(folder)
        self._steps = f'{FORMAT} {cv2.__version__} {mmcv.__version__} {steps}'
        self._digests: dict[int, str] = {}

    def get(self, sample: Mapping[str, Any], slot: int) -> bytearray | None:
        """Read a record; see `Store`."""
        try:
            with open(self._file(sample, slot), 'rb') as file:
                record = bytearray(max(0, os.fstat(file.fileno()).st_size - _CHECK))
                check = file.read(_CHECK)
                file.readinto(record)
        except FileNotFoundError:
            return None
        return record if check == _check_sum(record) else None

    def put(self, sample: Mapping[str, Any], slot: int, record: bytes) -> None:
        """Write a record; see `Store`."""
        atomic_write(self._file(sample, slot), _check_sum(record) + record, durable=False)

    def _file(self, sample: Mapping[str, Any], slot: int) -> Path:
        number = sample['sample_idx']
        if number not in self._digests:
            self._digests[number] = self._digest(sample)
        digest = self._digests[number]
        return self.folder / digest[:2] / f'{digest[2:]}_{slot}'

    def _digest(self, sample: Mapping[str, Any]) -> str:
        rest = {key: value for key, value in sample.items() if key not in ('sample_idx', 'img_id', 'jitter_ratio')}
        files = [_stamp(str(sample[key])) for key in ('img_path', 'seg_map_path') if sample.get(key)]
        return hashlib.sha256(repr((self._steps, files, sorted(rest.items()))).encode()).hexdigest()[:40]


def _check_sum(record: bytes | bytearray) -> bytes:
    return zlib.crc32(record).to_bytes(_CHECK, 'little')


def _stamp(path: str) -> tuple[int, int] | None:
    """Size and time of a local file; None of another, which its path alone must tell."""
    if not os.path.exists(path):
        return None
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns
