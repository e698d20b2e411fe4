"""A lock that keeps two runs from preparing the same data at once."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    deadline = time.monotonic() + patience
    with open(path, 'wb') as file:
        while not _taken(file.fileno()):
            if time.monotonic() > deadline:
                raise RuntimeError(f'{path.parent.parent}: another process prepares this data. Wait for it to end.')
            time.sleep(0.1)
        yield


def _taken(descriptor: int) -> bool:
    """Try to take the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
