from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmmaskattn.datasets.mini import write_mini

ROOT = Path(__file__).parents[2]


def run(ade_root: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        'tools/analysis/oracle_ceiling.py',
        'configs/maskattn/ade20k_semantic_64x48.py',
        *arguments,
    ]
    environment = dict(os.environ, ADE20K_ROOT=str(ade_root), PYTHONPATH=str(ROOT))
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope='module')
def ade(tmp_path_factory) -> Path:
    return write_mini('ade20k', tmp_path_factory.mktemp('data') / 'ade', num_train=1, num_val=3)


@pytest.mark.slow
@pytest.mark.parametrize(('arguments', 'size'), [((), '64x48'), (('--size', '20', '30'), '20x30')])
def test_prints_both_ceilings_at_the_size_asked_for(ade, arguments, size):
    done = run(ade, *arguments)
    assert done.returncode == 0, done.stderr
    assert f'Oracle ceiling at {size} (H x W), 3 images, protocol native' in done.stdout
    for method in ('nearest', 'bilinear'):
        score = re.search(rf'\| {method} \| ([\d.]+) \|', done.stdout)
        assert score
        assert 20 < float(score[1]) < 100


@pytest.mark.slow
def test_missing_data_is_named(tmp_path):
    done = run(tmp_path / 'absent')
    assert done.returncode != 0
    assert 'absent' in done.stderr
    assert 'ADE20K_ROOT' in done.stderr
