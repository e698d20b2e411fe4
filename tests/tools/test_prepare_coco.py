"""The command tools/data/prepare_coco.py, run as users run it; the checks have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from prepared import mini
from small_job import run_tool
from tool_calls import call_tool

TOOL = 'data/prepare_coco.py'


@pytest.mark.slow
def test_says_that_all_is_there_or_what_is_missing(tmp_path: Path):
    root = mini('coco', tmp_path / 'coco', train=2, val=1)
    assert 'complete: nothing to prepare' in run_tool(TOOL, root, cwd=tmp_path)
    (root / 'annotations/instances_train2017.json').unlink()
    done = call_tool(TOOL, root)
    assert done.returncode == 1
    assert 'instances_train2017.json: missing. It is in annotations_trainval2017.zip' in done.stdout
    assert '1 problems in' in done.stderr
