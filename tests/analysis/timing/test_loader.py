"""Timing of data loading: the right data is timed, and ratios are those of the times; their size is no test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from tool_calls import ROOT, call_tool

from mmmaskattn.analysis.timing.loader import benchmark_loaders, build_dataset, with_data_root
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.shrink import shrink_dataset

CONFIG = 'configs/_base_/datasets/coco_{}_128.py'
TOOL = 'analysis/benchmark_loader.py'


@pytest.fixture(scope='module')
def roots(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp('data')
    original = write_mini('coco', folder / 'original', num_train=4, num_val=2, size=(480, 640))
    shrink_dataset(original, folder / 'copy', 128, workers=1)
    return {'original': original, 'copy': folder / 'copy'}


@pytest.mark.parametrize('task', ['semantic', 'panoptic', 'instance'])
def test_original_and_copy_are_timed_and_the_table_says_so(roots, task):
    cfg = Config.fromfile(ROOT / CONFIG.format(task))
    result = benchmark_loaders(cfg, roots, 'val', images=4, rounds=1)
    original, copy = result.timings
    assert original.cpu_ratio == original.wall_ratio == 1
    assert copy.wall_ratio == pytest.approx(copy.wall / original.wall)
    assert copy.cpu_ratio == pytest.approx(copy.cpu / original.cpu)
    assert copy.native == ((128, 128), (128, 128))
    assert min(original.native[0]) > 300
    table = result.table()
    assert '| copy | 128x128 |' in table
    assert f'coco_{task}_128.py, val pipeline' in table
    assert '2 images, median of 1 interleaved rounds' in table  # the smaller of 4 and what there is


def test_root_is_set_under_wrappers():
    leaf = {'type': 'A', 'data_root': 'x'}
    wrapped = {'type': 'Repeat', 'dataset': {'type': 'Concat', 'datasets': [leaf, dict(leaf)]}}
    changed = with_data_root(wrapped, Path('new'))
    assert [inner['data_root'] for inner in changed['dataset']['datasets']] == ['new', 'new']
    assert leaf['data_root'] == 'x'


def test_errors_name_what_is_missing(roots):
    cfg = Config.fromfile(ROOT / CONFIG.format('semantic'))
    with pytest.raises(FileNotFoundError, match='nowhere'):
        build_dataset(cfg, 'nowhere', 'train')
    cfg.train_dataloader = None
    with pytest.raises(ValueError, match='no train_dataloader'):
        build_dataset(cfg, roots['copy'], 'train')


def run_tool(*args: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / 'tools' / TOOL), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)


@pytest.mark.long
def test_command_on_given_roots_and_on_drawn_data(roots):
    config = CONFIG.format('semantic')
    options = ('--images', '2', '--rounds', '1')
    given = run_tool(config, '--original', roots['original'], '--shrunk', roots['copy'], *options)
    assert given.returncode == 0, given.stderr
    drawn = call_tool(TOOL, config, '--draw', 'coco', '--native-size', '96', '128', *options)
    assert drawn.returncode == 0, drawn.stderr
    for done in (given, drawn):
        assert re.search(r'\| shrunk \| 128x128 \| \d+ \| \d+ \| [\d.]+ \|', done.stdout)
    refused = call_tool(TOOL, config, '--original', roots['original'])
    assert refused.returncode == 2
    assert 'expected either' in refused.stderr
    missing = call_tool(TOOL, config, '--original', 'nowhere', '--shrunk', roots['copy'])
    assert missing.returncode == 1
    assert 'benchmark_loader: nowhere: no such folder' in missing.stderr
