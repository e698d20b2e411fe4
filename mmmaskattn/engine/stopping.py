"""Stopping together: SIGINT and SIGTERM as a wish that is fulfilled after an iteration, and what processes agree on."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from mmengine.dist import all_reduce, get_world_size
from torch.utils.data._utils import signal_handling


def largest(value: int) -> int:
    """Take the largest value of all processes; each must call this at the same point.

    Args:
        value: This process's value.

    Returns:
        The same value everywhere; this process's own if it is alone.
    """
    if get_world_size() == 1:
        return value
    shared = torch.tensor(value)
    all_reduce(shared, op='max')
    return int(shared)


def any_rank(flag: bool) -> bool:
    """Say whether a flag is set on any process; each must call this at the same point.

    Args:
        flag: This process's flag.

    Returns:
        The same answer everywhere.
    """
    return bool(largest(int(flag)))


SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECOND = 2.0
"""Seconds after which another signal means "at once"; a terminal and a launcher both send the first."""


class StopRequest:
    """Whether a signal has asked this process to stop.

    Attributes:
        signal: Number of the signal; 0 before one has come.
        can_wait: Whether somebody will look here soon; otherwise a signal ends the process at once.
    """

    def __init__(self) -> None:
        self.signal, self.can_wait = 0, False
        self._since = 0.0

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: note the first; end at once on one that comes much later, or outside the training.

        Args:
            number: The signal.
            frame: Where the process was.

        Raises:
            SystemExit: With 128 + the signal's number.
        """
        if not self.can_wait or (self.signal and time.monotonic() - self._since > SECOND):
            print(f'Stopped by {signal.Signals(number).name} at once; nothing more was saved.', file=sys.stderr)
            raise SystemExit(128 + number)
        if not self.signal:
            self.signal, self._since = number, time.monotonic()


REQUEST = StopRequest()
"""The request of this process; what signals write and hooks read."""


@contextmanager
def noted_signals() -> Iterator[StopRequest]:
    """Handle SIGINT and SIGTERM while the block runs as a `StopRequest` does.

    Yields:
        The request. Outside the main thread, where Python allows no handlers, none will come.
    """
    REQUEST.signal, REQUEST.can_wait = 0, False
    if threading.current_thread() is not threading.main_thread():
        yield REQUEST
        return
    # A signal to the whole group ends the data loader's workers too. torch's handler would then raise in the midst of
    # an iteration; without it the loader notices between two, within 5 seconds.
    signal_handling._SIGCHLD_handler_set = True
    before = {number: signal.signal(number, REQUEST.receive) for number in SIGNALS}
    try:
        yield REQUEST
    finally:
        REQUEST.can_wait = False
        for number in SIGNALS if not REQUEST.signal else ():  # a process that ends is not to be interrupted
            signal.signal(number, before[number])
