"""A work folder belongs to one training at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_FILE = '.training.lock'
PATIENCE = 10.0
"""Seconds to wait: the workers of a killed training hold its lock until they have noticed."""


class WorkFolderError(RuntimeError):
    """Another training is using the work folder, or nothing can be written there."""


@contextmanager
def sole_training(work_dir: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the folder while the block runs. The end of the process frees it, however it ends.

    Of several processes the first one holds it for all.

    Args:
        work_dir: Folder of the training; made if absent.
        patience: Seconds to wait for it.

    Raises:
        WorkFolderError: If another training holds it, or nothing can be written there; it names the folder.
    """
    if int(os.environ.get('RANK', '0')):
        yield
        return
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(work_dir / LOCK_FILE)
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise WorkFolderError(
            f'{work_dir}: another training is using this work folder. Wait for its end, or name another by --work-dir.'
        ) from error
    except OSError as error:
        raise WorkFolderError(f'{work_dir} cannot be written: {error.strerror}. Name another by --work-dir.') from error
    try:
        yield
    finally:
        lock.release()
