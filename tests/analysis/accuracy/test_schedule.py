"""How the runs of a comparison share the cores, are watched and are stopped; the trainings are small scripts here."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.analysis.accuracy import schedule
from mmmaskattn.analysis.accuracy.runs import Run, RunFailedError, stop_runs, train_run
from mmmaskattn.analysis.accuracy.schedule import cache_words, epochs_left, epochs_of, jobs_at_once, speed_options

CFG = Config(dict(train_dataloader=dict(num_workers=4), val_dataloader=dict(num_workers=1), test_dataloader=None))


@pytest.fixture
def run(tmp_path):
    return Run(config=Path('some/tiny.py'), seed=3, epochs=5, work_dir=tmp_path)


def log(run, epoch, when='20260101'):
    folder = run.folder / when / 'vis_data'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'scalars.json').write_text(json.dumps(dict(loss=1.0, epoch=epoch)) + '\n{"cut')


def test_all_cores_are_used_and_none_twice(monkeypatch):
    monkeypatch.setattr(schedule, 'usable_cores', lambda: 8)
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    assert [jobs_at_once(1, 20), jobs_at_once(1, 3), jobs_at_once(3, 20), jobs_at_once(16, 2)] == [8, 3, 2, 1]
    assert speed_options(CFG, [], 1, 8) == ('train_dataloader.num_workers=0', 'val_dataloader.num_workers=0')
    assert speed_options(CFG, [], 1, 2) == ('train_dataloader.num_workers=3', 'val_dataloader.num_workers=1')
    assert speed_options(CFG, ['train_dataloader.num_workers=2'], 1, 8) == ('val_dataloader.num_workers=0',)
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    assert jobs_at_once(1, 20) == 1, 'one GPU'


def test_caches_of_runs_at_once_share_the_memory():
    assert cache_words('auto', 4) == ('--cache', 'auto', '--cache-share', '0.125')
    assert cache_words('none', 4) == ()


def test_what_changes_the_time_alone_is_passed_on_and_names_no_run(run, tmp_path):
    quick = Run(**{**vars(run), 'speed': ('a.num_workers=0',), 'train_words': ('--cache', 'auto')})
    assert quick.folder == run.folder
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'train.py').write_text('import sys; print(sys.argv[1:])')
    train_run(quick, tools, threads=1)
    told = (run.folder / 'train.out').read_text()
    assert "'--cache', 'auto'" in told
    assert "'a.num_workers=0']" in told


def test_epochs_are_counted_while_runs_work(run, monkeypatch):
    monkeypatch.setattr(schedule, 'SECONDS_BETWEEN_LOOKS', 0.01)
    log(run, 3, '20250101')  # an earlier attempt
    assert epochs_left([run]) == 2
    future: Future = Future()

    def work():
        for epoch in (4, 5):
            time.sleep(0.1)
            log(run, epoch)
        future.set_result('metrics')

    thread = threading.Thread(target=work)
    thread.start()
    finished: list[str] = []
    assert list(epochs_of([run], {future: run}, lambda one: finished.append(one.result()))) == [run, run]
    assert finished == ['metrics']
    thread.join()


def test_runs_are_stopped_by_a_signal(run, tmp_path):
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'train.py').write_text(
        'import pathlib, signal, sys, time\n'
        'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n'
        'print("began", flush=True)\n'
        'time.sleep(60)\n'
    )
    failures: list[str] = []

    def work():
        try:
            train_run(run, tools, threads=1)
        except RunFailedError as error:
            failures.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    out = run.folder / 'train.out'
    while not (out.is_file() and 'began' in out.read_text()):
        time.sleep(0.01)
    stop_runs()
    thread.join(timeout=20)
    assert 'ended with 143' in failures[0]
