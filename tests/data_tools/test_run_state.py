"""One run at a time, and no lock that outlives its holder."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mmmaskattn.data_tools.run_state import sole_run


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


def test_nothing_needs_a_module_that_windows_lacks():
    root = Path(__file__).parents[2]
    paths = [*(root / 'mmmaskattn').rglob('*.py'), *(root / 'tools/data').glob('*.py')]
    imported = {
        (path.name, name)
        for path in paths
        for node in ast.parse(path.read_text(encoding='utf-8')).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, 'module', None), *(alias.name for alias in node.names)]
    }
    assert len(imported) > 500
    assert not {found for found in imported if found[1] in ('fcntl', 'resource', 'pwd', 'grp', 'termios')}
