from __future__ import annotations

import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tool_calls import ROOT, call_tool

from mmmaskattn.data_tools.mini import write_mini

DSB2018 = ROOT / '../shared/data/dsb2018_128'


def run(root: Path, *arguments: str, config: str = 'ade20k_semantic_64x48') -> CompletedProcess:
    variables = dict(ADE20K_ROOT=str(root), DSB2018_ROOT=str(root))
    return call_tool('analysis/oracle_ceiling.py', f'configs/maskattn/{config}.py', *arguments, cwd=ROOT, **variables)


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
@pytest.mark.skipif(not DSB2018.is_dir(), reason=f'no DSB2018 in {DSB2018}')
def test_panoptic_config_prints_every_metric():
    part = ('--cfg-options', 'test_dataloader.dataset.indices=16')
    done = run(DSB2018, '--size', '32', *part, config='dsb2018_panoptic_128')
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r'^\| (\S+) +\| +([\d.]+) \|$', done.stdout, re.MULTILINE))
    assert {'PQ', 'PQ_things', 'PQ_stuff', 'AP', 'AP50', 'AR', 'mIoU', 'mIoU_things', 'mIoU_stuff'} <= set(found)
    assert 5 < float(found['AP']) < float(found['AP50']) < 90
    assert 'Under protocol lowres the ceiling is 100 by definition' in done.stdout


@pytest.mark.slow
def test_missing_data_is_named(tmp_path):
    done = run(tmp_path / 'absent')
    assert done.returncode != 0
    assert 'absent' in done.stderr
    assert 'ADE20K_ROOT' in done.stderr
