"""A folder to write to that holds nothing yet."""

from __future__ import annotations

from pathlib import Path


def free_folder(wanted: Path) -> Path:
    """Find a folder in which nothing would be overwritten.

    Args:
        wanted: The folder wanted.

    Returns:
        That, if nothing is in it, else the first of ``<wanted>_2``, ``<wanted>_3`` ... that is free. It is not made.
    """
    folder, number = wanted, 1
    while folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        number += 1
        folder = wanted.with_name(f'{wanted.name}_{number}')
    return folder
