"""The command tools/analysis/benchmark_prepare_memory.py measures what it says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tool_calls import ROOT, call_tool

TOOL = 'analysis/benchmark_prepare_memory.py'


@pytest.mark.long
def test_memory_does_not_grow_with_the_annotations():
    options = ['--annotations', '2400', '--per-image', '120', '--workers', '1']
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / TOOL), *options], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    before, peak = map(int, re.findall(r'(\d+) MiB (?:before|at its peak)', done.stdout))
    assert '2400 instances in 20 images' in done.stdout
    assert 0 <= peak - before < 100


def test_too_many_instances_for_an_image_are_refused():
    done = call_tool(TOOL, '--per-image', '300')
    assert done.returncode != 0
    assert '--per-image: found 300, expected 1 to 144' in done.stderr
