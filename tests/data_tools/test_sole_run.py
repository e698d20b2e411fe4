"""One run at a time, and no lock that outlives its holder."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mmmaskattn.data_tools.sole_run import sole_run


def hold(path: Path, pipe: Connection) -> None:
    with sole_run(path):
        pipe.send('held')
        pipe.recv()


def test_the_second_run_is_refused_until_the_first_is_gone(tmp_path: Path):
    path = tmp_path / 'root/.prepare/lock'
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context('fork').Process(target=hold, args=(path, theirs))
    holder.start()
    assert ours.recv() == 'held'
    with pytest.raises(RuntimeError, match=r'root: another process prepares this data'), sole_run(path, 0.2):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with sole_run(path, 5):
        pass
