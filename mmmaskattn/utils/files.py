"""Safe files: written whole or not at all, in a free folder, under unique names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

PARTIAL_SUFFIX = '.partial'
"""Ending of the temporary files; one that is left behind belongs to a killed process and may be deleted."""


@contextmanager
def atomic_open(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` for writing, and rename it to ``path`` when the block ends well.

    If the block raises, the temporary file is removed and ``path`` stays as it was. Parent folders are made.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f'.{target.name}.{os.getpid()}{PARTIAL_SUFFIX}')
    try:
        with open(partial, 'wb') as file:
            yield file
            # On disk before the rename, so that a power cut cannot leave a whole name on a half file.
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file, see `atomic_open`."""
    with atomic_open(path) as file:
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
