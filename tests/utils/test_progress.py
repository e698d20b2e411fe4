"""Lines of progress, where there is no terminal."""

from __future__ import annotations

import pytest

from mmmaskattn.utils import progress
from mmmaskattn.utils.progress import progress_line, show_progress


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
