"""What a run that prepares or shrinks data keeps beside it: a lock against a second run, and the problems it met."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

PATIENCE = 10.0
"""Seconds to wait: the workers of a killed run hold its lock until they have noticed."""
MOST_LINES = 50
"""Problems printed; the file has all."""


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


class Problem(NamedTuple):
    """An image that could not be prepared, and why."""

    name: str
    message: str


class ProblemLog:
    """Prints problems as they come, up to a number of lines, and writes all of them to a file.

    Args:
        path: the file; it is there only if there are problems.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        path.unlink(missing_ok=True)

    def add(self, problem: Problem) -> None:
        """Note one problem."""
        self.problems.append(problem)
        with open(self.path, 'a', encoding='utf-8') as file:
            file.write(f'{problem.message}\n')
        if len(self.problems) <= MOST_LINES:
            print(problem.message, file=sys.stderr, flush=True)
        elif len(self.problems) == MOST_LINES + 1:
            print(f'... further problems only in {self.path}', file=sys.stderr, flush=True)
