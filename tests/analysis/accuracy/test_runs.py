"""Names, results file, resuming and failure of the runs of a comparison; the tools are small real scripts here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmmaskattn.analysis.accuracy.runs import (
    ResultsFile,
    Run,
    RunFailedError,
    evaluate_run,
    execute_run,
    last_checkpoint,
    train_run,
)

TRAIN = """
import os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
print(sys.argv[1:], os.environ['OMP_NUM_THREADS'])
(folder / 'epoch_1.pth').write_text('weights')
(folder / 'last_checkpoint').write_text('/moved/away/epoch_1.pth')
if 'break=True' in sys.argv:
    sys.exit('the disk is full')
"""
TEST = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
folder.mkdir(parents=True, exist_ok=True)
assert pathlib.Path(sys.argv[2]).read_text() == 'weights'
(folder / 'test_now.json').write_text(json.dumps({sys.argv[sys.argv.index('--protocol') + 1] + '/mIoU': 41.5}))
"""


@pytest.fixture
def tools(tmp_path):
    folder = tmp_path / 'tools'
    folder.mkdir()
    (folder / 'train.py').write_text(TRAIN)
    (folder / 'test.py').write_text(TEST)
    return folder


def make_run(tmp_path, **changes):
    return Run(**{**dict(config=Path('some/tiny.py'), seed=3, epochs=5, work_dir=tmp_path / 'work'), **changes})


def test_names_differ_with_everything_that_changes_the_training(tmp_path):
    changes = [
        {},
        dict(seed=4),
        dict(epochs=6),
        dict(fingerprint='1a'),
        dict(fingerprint='2a'),
        dict(config=Path('b.py')),
    ]
    assert len({make_run(tmp_path, **change).folder for change in changes}) == len(changes)
    native = make_run(tmp_path, protocol='native')
    assert native.folder == make_run(tmp_path).folder
    assert native.key != make_run(tmp_path).key


def test_results_survive_and_a_broken_file_is_refused(tmp_path):
    path, run = tmp_path / 'new/results.json', make_run(tmp_path)
    results = ResultsFile(path)
    assert results.get(run) is None
    results.put(run, dict(seconds=1.0))
    assert ResultsFile(path).get(run) == dict(seconds=1.0)
    assert not list(path.parent.glob('*.tmp'))
    for text in ('{"cut', '[1]'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r'results\.json.*move it away'):
            ResultsFile(path)


def test_a_run_is_trained_and_tested_with_its_settings(tmp_path, tools):
    run = make_run(tmp_path, options=('x.y=1',), protocol='native')
    result = execute_run(run, tools, threads=2)
    assert result['metrics'] == {'native/mIoU': 41.5}
    assert result['seconds'] >= 0
    assert json.loads(json.dumps(result)) == result
    told = (run.folder / 'train.out').read_text()
    for part in ("'--seed', '3'", 'train_cfg.max_epochs=5', 'x.y=1', '] 2'):
        assert part in told
    assert '--resume' not in told


def test_a_half_finished_run_resumes_and_its_seconds_add_up(tmp_path, tools):
    broken, mended = make_run(tmp_path, options=('break=True',), fingerprint='1a'), make_run(tmp_path)
    with pytest.raises(RunFailedError, match=r'train.py ended with 1(.|\n)*the disk is full'):
        train_run(broken, tools, threads=1)
    broken.folder.rename(mended.folder)
    (mended.folder / 'training_seconds.txt').write_text('1000')
    assert train_run(mended, tools, threads=1) > 1000
    assert '--resume' in (mended.folder / 'train.out').read_text().splitlines()[-1]
    assert last_checkpoint(mended.folder) == mended.folder / 'epoch_1.pth'


def test_a_training_without_checkpoint_is_told(tmp_path, tools):
    with pytest.raises(RunFailedError, match='left no checkpoint'):
        evaluate_run(make_run(tmp_path), tools, threads=1)
