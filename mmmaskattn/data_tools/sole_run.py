"""A lock that keeps two runs from writing the same data at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE = 10.0
"""Seconds to wait: the workers of a killed run hold its lock until they have noticed."""


@contextmanager
def sole_run(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a lock while the block runs. The end of the process frees it, however it ends.

    Args:
        path: the lock file; made if absent.
        patience: seconds to wait for it.

    Raises:
        RuntimeError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience, poll_interval=0.1)
    except Timeout:
        raise RuntimeError(f'{path.parent.parent}: another process prepares this data. Wait for it to end.') from None
    try:
        yield
    finally:
        lock.release()
