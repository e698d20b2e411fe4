"""Progress with an estimate of the time left, for one process or many; and a map over all cores that shows it.

On a terminal it is a bar, elsewhere a line now and then.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from typing import Callable, TypeVar

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar('Item')
Result = TypeVar('Result')
SECONDS_BETWEEN_LINES = 30.0
WINDOW_PER_WORKER = 4
"""Items handed out at a time for each worker: enough that none waits, few enough that results do not pile up."""


def map_with_progress(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None, description: str = ''
) -> Iterator[Result]:
    """Apply a function to every item in worker processes, and yield the results in the order of the items.

    Items are taken and results held only a few at a time (`WINDOW_PER_WORKER`), so memory does not grow with their
    number. The progress goes to standard error: a bar on a terminal, a line now and then elsewhere.

    Args:
        function: a picklable function of one picklable item. An exception that it raises ends the map.
        items: the items; with a length, the time left is estimated.
        workers: processes; None for every core this process may use, 1 to work in this process.
        description: what is being done, shown before the progress.

    Raises:
        ValueError: ``workers`` is below 1.
        concurrent.futures.process.BrokenProcessPool: a worker was killed, for example for want of memory.
    """
    count = usable_cores() if workers is None else workers
    if count < 1:
        raise ValueError(f'workers: found {count}, expected 1 or more.')
    total = len(items) if isinstance(items, Sized) else None
    results = map(function, items) if count == 1 or total == 1 else _map_in_processes(function, items, count)
    try:
        yield from show_progress(results, total, description)
    except BrokenProcessPool:
        raise BrokenProcessPool(
            f'{description}: a worker process was killed, perhaps for want of memory. Run it again with fewer workers.'
        ) from None


def usable_cores() -> int:
    """Return the number of cores this process may use, 1 or more."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _map_in_processes(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield the results in order, with a sliding window of items in work."""
    executor = ProcessPoolExecutor(workers, initializer=_start_worker)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= workers * WINDOW_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Keep a worker to one thread, leave Ctrl-C to the parent, and end the worker when the parent dies."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    """Wait for the parent's end; a worker of a killed parent would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


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
