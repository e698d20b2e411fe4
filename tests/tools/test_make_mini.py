"""The command tools/data/make_mini.py, run as users run it."""

from __future__ import annotations

from pathlib import Path

from small_job import run_tool
from tool_calls import call_tool

TOOL = 'data/make_mini.py'


def test_writes_a_set_from_any_folder(tmp_path: Path):
    options = ('--train', '3', '--val', '2', '--size', '64', '96', '--seed', '1')
    printed = run_tool(TOOL, 'cityscapes', 'data/my city', *options, cwd=tmp_path)
    assert '3 training and 2 validation images' in printed
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
