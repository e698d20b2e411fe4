"""The command tools/data/check.py, run as users run it."""

from pathlib import Path

import pytest
from small_job import ROOT, run_tool
from tool_calls import call_tool

from mmmaskattn.data_tools.mini import write_mini

CONFIG = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'


@pytest.fixture
def data(tmp_path):
    return write_mini('ade20k', tmp_path / 'ade20k', num_train=5, num_val=2, size=(64, 96))


def check(tmp_path: Path, data: Path, *options: object):
    return call_tool('data/check.py', CONFIG, *options, cwd=tmp_path, ADE20K_ROOT=str(data))


def test_sound_data_ends_with_status_0_and_a_report(tmp_path, data):
    printed = run_tool('data/check.py', CONFIG, cwd=tmp_path, ADE20K_ROOT=str(data))
    folder = tmp_path / 'work_dirs/check' / CONFIG.stem
    assert '0 errors, 0 notes: fit for training. Report in work_dirs/check' in printed
    assert 'train: 5/5' in printed  # the progress
    assert sorted(path.name for path in folder.iterdir()) == [
        'problems.txt', 'train.md', 'train.png', 'val.md', 'val.png'
    ]  # fmt: skip
    assert (folder / 'train.md').read_text().strip() in printed


def test_faults_are_printed_listed_and_end_with_status_1(tmp_path, data):
    for image in (data / 'images/training').iterdir():
        image.write_bytes(image.read_bytes()[:300])
    done = check(tmp_path, data, '--max-lines', '2', '--out-dir', 'report', '--workers', '2', '--size', '32', '48')
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    assert done.stdout.count('error: ') == 2
    assert 'further problems only in report/problems.txt' in done.stdout
    assert '5 errors, 0 notes: training would fail' in done.stdout
    assert 'counted at 32x48 (H x W)' in done.stdout
    lines = (tmp_path / 'report/problems.txt').read_text().splitlines()
    assert len(lines) == 5
    assert [line.split(': ')[1] for line in lines] == sorted(map(str, (data / 'images/training').iterdir()))


def test_an_earlier_report_is_left_as_it_is(tmp_path, data):
    assert check(tmp_path, data, '--out-dir', 'report', '--splits', 'val').returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / 'report').iterdir()}
    done = check(tmp_path, data, '--out-dir', 'report', '--splits', 'train')
    assert 'Report in report_2; report holds files already' in done.stdout
    assert {path: path.read_bytes() for path in (tmp_path / 'report').iterdir()} == before
    assert (tmp_path / 'report_2/train.md').is_file()


def test_only_the_splits_asked_for_are_read(tmp_path, data):
    next((data / 'images/training').iterdir()).write_bytes(b'')
    assert check(tmp_path, data, '--splits', 'val').returncode == 0


def test_a_config_that_is_not_there_ends_with_status_2(tmp_path):
    done = call_tool('data/check.py', 'gone.py', cwd=tmp_path)
    assert done.returncode == 2
    assert 'there is no config gone.py' in done.stderr
