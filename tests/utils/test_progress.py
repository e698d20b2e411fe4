"""Lines of progress where there is no terminal; the map over processes, whose workers do not outlive their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection

import pytest

from mmmaskattn.utils import progress
from mmmaskattn.utils.progress import WINDOW_PER_WORKER, map_with_progress, progress_line, show_progress, usable_cores


def slow_first(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError('three')
    return number


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize('workers', [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int):
    assert list(map_with_progress(slow_first, range(20), workers)) == [n * n for n in range(20)]


def test_works_in_other_processes_unless_told_not_to():
    assert os.getpid() not in set(map_with_progress(process_id, range(4), 2))
    assert set(map_with_progress(process_id, range(4), 1)) == {os.getpid()}


def test_takes_only_a_few_items_ahead_of_the_results():
    taken = 0

    def items():
        nonlocal taken
        for number in range(1000):
            taken = number + 1
            yield number

    most = 0
    for done, _ in enumerate(map_with_progress(slow_first, items(), 2), 1):
        most = max(most, taken - done)
    assert done == 1000
    assert most < 2 * WINDOW_PER_WORKER


def test_an_exception_reaches_the_caller():
    with pytest.raises(ValueError, match='three'):
        list(map_with_progress(refuse_three, range(9), 2))


def test_a_killed_worker_is_an_error_and_no_endless_wait():
    with pytest.raises(BrokenProcessPool, match='dying: a worker process was killed'):
        list(map_with_progress(die, range(9), 2, 'dying'))


def test_a_caller_that_stops_early_leaves_no_process():
    results = map_with_progress(process_id, range(1000), 2)
    worker = next(results)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_no_worker_is_refused():
    with pytest.raises(ValueError, match='workers: found 0, expected 1 or more'):
        next(map_with_progress(process_id, [1, 2], 0))
    assert usable_cores() >= 1


def hang(number: int) -> None:
    time.sleep(600 if number else 0)


def run_and_hang(pipe: Connection) -> None:
    for _ in map_with_progress(hang, range(3), 2):
        children = multiprocessing.active_children()
        pipe.send([child.pid for child in children])


def is_running(pid: int) -> bool:
    """Return whether a process lives; a zombie, which nobody has waited for, does not."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def test_workers_end_with_a_killed_parent():
    ours, theirs = multiprocessing.Pipe()
    parent = multiprocessing.get_context('fork').Process(target=run_and_hang, args=(theirs,))
    parent.start()
    workers = ours.recv()
    assert len(workers) == 2
    assert all(map(is_running, workers))
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    deadline = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, workers))


def test_estimates_the_time_left():
    assert progress_line('reading', 10, 40, 5) == 'reading: 10/40, 0:00:05 passed, 0:00:15 left'
    assert progress_line('reading', 40, 40, 20) == 'reading: 40/40, 0:00:20 passed'
    assert progress_line('reading', 3, None, 1) == 'reading: 3, 0:00:01 passed'


def test_passes_items_on_and_ends_with_one_line(capsys: pytest.CaptureFixture):
    assert list(show_progress(iter('abc'), 3, 'letters')) == ['a', 'b', 'c']
    assert capsys.readouterr().err == 'letters: 3/3, 0:00:00 passed\n'


def test_says_that_there_was_nothing(capsys: pytest.CaptureFixture):
    assert list(show_progress([], 0, 'letters')) == []
    assert capsys.readouterr().err == 'letters: 0/0, 0:00:00 passed\n'


def test_a_line_comes_whenever_enough_time_has_passed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr(progress, 'SECONDS_BETWEEN_LINES', 0)
    list(show_progress(range(3), 3, 'numbers'))
    assert [line.split(',')[0] for line in capsys.readouterr().err.splitlines()] == [
        'numbers: 1/3', 'numbers: 2/3', 'numbers: 3/3',
    ]  # fmt: skip
