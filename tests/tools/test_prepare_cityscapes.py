"""The command tools/data/prepare_cityscapes.py, run as users run it; the conversion has tests of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from prepared import mini
from small_job import run_tool
from tool_calls import call_tool

TOOL = 'data/prepare_cityscapes.py'


@pytest.mark.slow
def test_prepares_one_split(tmp_path: Path):
    root = mini('cityscapes', tmp_path / 'city', train=2, val=2)
    printed = run_tool(TOOL, root, '--splits', 'val', '--workers', '1', cwd=tmp_path)
    assert 'annotations/instancesonly_filtered_gtFine_val.json' in printed
    assert 'gtFine/cityscapes_panoptic_val: 2 panoptic PNGs' in printed
    assert not (root / 'annotations/cityscapes_panoptic_train.json').exists()


def test_a_wrong_root_is_refused_in_plain_words(tmp_path: Path):
    done = call_tool(TOOL, tmp_path)
    assert done.returncode == 1
    assert 'prepare_cityscapes: ' in done.stderr
    assert 'gtFine_trainvaltest.zip' in done.stderr
    assert 'Traceback' not in done.stderr
