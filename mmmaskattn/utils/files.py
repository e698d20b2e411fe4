"""Safe files: written whole or not at all, in a free folder, under unique names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

from mmengine import fileio

PARTIAL_SUFFIX = '.partial'
"""Ending of the temporary files; one that is left behind belongs to a killed process and may be deleted."""


@contextmanager
def atomic_open(path: str | os.PathLike[str], durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` for writing, and rename it to ``path`` when the block ends well.

    If the block raises, the temporary file is removed and ``path`` stays as it was. Parent folders are made.

    Args:
        path: The file.
        durable: Whether to wait until the content is on the disk, so that it is whole after a power cut too.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'.{target.name}.{os.getpid()}{PARTIAL_SUFFIX}')
    try:
        with open(partial, 'wb') as file:
            yield file
            if durable:  # on disk before the rename, so that a power cut cannot leave a whole name on a half file
                file.flush()
                os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike[str], content: bytes, durable: bool = True) -> None:
    """Write a whole file, see `atomic_open`."""
    with atomic_open(path, durable) as file:
        file.write(content)


def path_inside(folder: str | os.PathLike[str], name: str) -> Path:
    """Find the place of a file that is to be written into a folder.

    Args:
        folder: The folder.
        name: Path under it.

    Returns:
        The path.

    Raises:
        ValueError: If the name, or a link on the way to it, leads out of the folder.
    """
    root, path = Path(folder).resolve(), Path(folder) / name
    if not path.parent.resolve().is_relative_to(root):
        raise ValueError(f'{path}: leads out of {folder}, to {path.parent.resolve()}. Expected a place inside of it.')
    return path


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse what is no file, before it is opened: reading a pipe or a device may never end.

    Args:
        path: A path; one at which there is nothing is left to who opens it.

    Raises:
        ValueError: If a folder, pipe, socket or device is there, or a link leads to one.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        what = 'a folder' if os.path.isdir(path) else 'a pipe, socket or device'
        raise ValueError(f'{path}: {what}. Expected a regular file.')


def read_regular(path: str | os.PathLike[str], backend_args: dict | None = None) -> bytes:
    """Read a file whole; see `check_regular`.

    Args:
        path: The file, local or of a file backend.
        backend_args: mmengine's file backend options.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no regular file.
    """
    check_regular(path)
    return fileio.get(path, backend_args=backend_args)


def walk_files(folder: str | os.PathLike[str]) -> Iterator[str]:
    """List the files below a folder; links are followed, but no folder is entered twice.

    Args:
        folder: The folder; nothing is listed if it is absent.

    Yields:
        Paths relative to the folder, with ``/``.

    Raises:
        ValueError: If a link leads to a folder that has been read already, so that the scan might never end.
    """
    entered: dict[str, str] = {}
    for parent, _, names in os.walk(folder, followlinks=True):
        first = entered.setdefault(os.path.realpath(parent), parent)
        if first != parent:
            raise ValueError(
                f'{parent}: the same folder as {first}, reached by a link. Expected each folder once, or a scan '
                f'might never end: remove the link.'
            )
        inner = Path(parent).relative_to(folder).as_posix()
        yield from (name if inner == '.' else f'{inner}/{name}' for name in names)


def remove_partial_files(folder: str | os.PathLike[str]) -> int:
    """Delete what killed processes left of unfinished files in a folder, not in those below it; return their number.

    Call it only while no other process writes there.

    Args:
        folder: the folder; it may be absent.
    """
    # The list comes first: a folder must not change while it is walked.
    leftovers = list(Path(folder).glob(f'.*{PARTIAL_SUFFIX}'))
    for leftover in leftovers:
        leftover.unlink()
    return len(leftovers)


def free_folder(wanted: Path) -> Path:
    """Find a folder in which nothing would be overwritten.

    Returns:
        That, if nothing is in it, else the first of ``<wanted>_2``, ``<wanted>_3`` ... that is free. It is not made.
    """
    folder, number = wanted, 1
    while folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        number += 1
        folder = wanted.with_name(f'{wanted.name}_{number}')
    return folder


def unique_names(paths: Iterable[str]) -> dict[str, str]:
    """Name each image by its file's stem if these are all different, else by its number and its stem.

    Args:
        paths: Paths of the images of a whole data set, in its order; a path may come more than once.

    Returns:
        A name for each path, without suffix, no two alike.
    """
    distinct = list(dict.fromkeys(paths))
    stems = [PurePath(path).stem for path in distinct]
    if len(set(stems)) < len(stems):
        stems = [f'{number:06d}_{stem}' for number, stem in enumerate(stems)]
    return dict(zip(distinct, stems))
