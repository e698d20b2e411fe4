"""The command tools/data/prepare_ade20k.py, run as users run it; the conversion has tests of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prepared import contents, mini, prepare, times
from small_job import run_tool
from tool_calls import ROOT, call_tool

from mmmaskattn.data_tools.prepare import ade20k_splits

TOOL = 'data/prepare_ade20k.py'
COMMAND = [sys.executable, str(ROOT / 'tools' / TOOL)]


@pytest.mark.slow
def test_prepares_says_what_it_did_and_does_nothing_twice(tmp_path: Path):
    root = mini('ade20k', tmp_path / 'my ade', train=3, val=2)
    first = run_tool(TOOL, '--workers', '2', cwd=tmp_path, ADE20K_ROOT='my ade')
    assert 'train: 3 images, 3 converted now' in first
    assert 'ade20k_panoptic_train.json' in first
    assert 'preparing val: 2/2' in first
    before = times(root)
    again = call_tool(TOOL, root, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count('nothing to do') == 2
    assert times(root) == before


@pytest.mark.long
def test_killed_by_its_user_and_started_again(tmp_path: Path):
    whole, root = (mini('ade20k', tmp_path / name, train=80, val=1) for name in ('whole', 'killed'))
    prepare(ade20k_splits(whole))
    pictures = root / 'ade20k_panoptic_train'
    process = subprocess.Popen(
        [*COMMAND, str(root), '--workers', '2'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and len(list(pictures.glob('*.png'))) < 5:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 5 <= len(list(pictures.glob('*.png'))) < 80
    assert not (root / 'ade20k_panoptic_train.json').exists()
    prepare(ade20k_splits(root), 2)
    assert contents(root) == contents(whole)


def test_problems_end_with_status_1_and_one_line_each(tmp_path: Path):
    root = mini('ade20k', tmp_path / 'ade', train=3, val=1)
    missing = root / 'annotations/training/ADE_train_00000002.png'
    missing.unlink()
    done = call_tool(TOOL, root, '--splits', 'train', cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count(str(missing)) == 1
    assert '1 images have problems and were left out' in done.stderr
    assert 'Traceback' not in done.stderr
    assert (root / 'ade20k_panoptic_train.json').exists()
