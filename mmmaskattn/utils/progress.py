"""Progress with an estimate of the time left: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar('Item')
SECONDS_BETWEEN_LINES = 30.0


def show_progress(items: Iterable[Item], total: int | None, description: str) -> Iterator[Item]:
    """Yield the items unchanged, and show on standard error how many came.

    Args:
        items: the items.
        total: their number, for the estimate, or None if it is not known.
        description: what is being done.
    """
    if sys.stderr.isatty():
        yield from _show_bar(items, total, description)
    else:
        yield from _show_lines(items, total, description)


def _show_bar(items: Iterable[Item], total: int | None, description: str) -> Iterator[Item]:
    """Show a bar, with the time passed and the time left."""
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('left'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield from progress.track(items, total=total, description=description)


def _show_lines(items: Iterable[Item], total: int | None, description: str) -> Iterator[Item]:
    """Print a line every `SECONDS_BETWEEN_LINES`, and one at the end."""
    start = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done != total:
            last = now
            print(progress_line(description, done, total, now - start), file=sys.stderr, flush=True)
    print(progress_line(description, done, done, time.monotonic() - start), file=sys.stderr, flush=True)


def progress_line(description: str, done: int, total: int | None, seconds: float) -> str:
    """Return one line of progress.

    Args:
        description: what is being done.
        done: items done.
        total: all items, or None if that is not known.
        seconds: time passed.

    Returns:
        For example ``reading: 10/40, 0:00:05 passed, 0:00:15 left``.
    """
    line = f'{description}: {done}' if total is None else f'{description}: {done}/{total}'
    line += f', {timedelta(seconds=round(seconds))} passed'
    if total is not None and 0 < done < total:
        line += f', {timedelta(seconds=round(seconds / done * (total - done)))} left'
    return line
