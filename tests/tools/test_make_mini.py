"""The command tools/data/make_mini.py, run as users run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tool_calls import ROOT, call_tool

TOOL = 'data/make_mini.py'


def make_mini(*args: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / 'tools' / TOOL), *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_writes_a_set_from_any_folder(tmp_path: Path):
    options = ('--train', '3', '--val', '2', '--size', '64', '96', '--seed', '1')
    done = make_mini('cityscapes', 'data/my city', *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '3 training and 2 validation images' in done.stdout
    assert len(list((tmp_path / 'data/my city/leftImg8bit/train').rglob('*.png'))) == 3
    again = call_tool(TOOL, 'cityscapes', 'data/my city', *options, cwd=tmp_path)
    assert again.returncode == 0
    other = call_tool(TOOL, 'cityscapes', 'data/my city', cwd=tmp_path)
    assert other.returncode == 1
    assert 'other options' in other.stderr
    assert 'Traceback' not in other.stderr


def test_unknown_layout_is_refused_with_the_choices(tmp_path: Path):
    done = call_tool(TOOL, 'voc', 'x', cwd=tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'voc'" in done.stderr
    assert 'ade20k' in done.stderr
