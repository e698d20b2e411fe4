"""What the terminal shows of what is logged, and what the log file keeps."""

import logging
import warnings

import pytest
from mmengine.logging import MMLogger

from mmmaskattn.engine.terminal import (
    KNOWN,
    MOST_LINES,
    open_terminal,
    prints_to_log,
    silence_known_warnings,
    tame_terminal,
)


def new_logger(folder):
    """Made inside the test, so that it has the stream which the test captures."""
    logger = MMLogger.get_instance(str(folder), log_file=str(folder / 'run.log'))
    tame_terminal(logger)
    return logger


def test_before_the_work_begins_only_warnings_and_errors_show(capsys, tmp_path):
    logger = new_logger(tmp_path)
    logger.info('System environment')
    logger.warning('the learning rate is odd')
    logger.error('no such thing')
    open_terminal(logger)
    logger.info('Epoch 1')
    shown = capsys.readouterr().out
    assert 'System environment' not in shown
    for text in ('the learning rate is odd', 'no such thing', 'Epoch 1'):
        assert text in shown
    kept = (tmp_path / 'run.log').read_text()
    assert [text in kept for text in ('System environment', 'odd', 'no such thing', 'Epoch 1')] == [True] * 4


def test_known_warnings_are_logged_but_not_shown(capsys, tmp_path):
    logger = new_logger(tmp_path)
    logger.warning('"FileClient" will be deprecated in future. Please use io functions')
    assert capsys.readouterr().out == ''
    assert 'FileClient' in (tmp_path / 'run.log').read_text()


def test_taming_twice_changes_nothing(tmp_path):
    logger = new_logger(tmp_path)
    before = tame_terminal(logger)
    assert tame_terminal(logger) is before
    filters = [one for handler in logger.handlers for one in handler.filters if one is before]
    assert len(filters) == 1, 'on the terminal, and not on the file'


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('Epoch(val) [3][8/8]  lowres/mIoU: 12.3456  time: 0.1234', 'lowres/mIoU: 12.35  time: 0.12'),
        ('Epoch(train) [3][8/8]  lr: 1.9206e-03  loss: 0.0123', 'lr: 1.9206e-03  loss: 0.0123'),
        ('\n'.join(['Intersection', *['| wall | 1.00 |'] * MOST_LINES]), 'Intersection of 41 lines: in the log file'),
        ('\n'.join(['+---+', *['| wall | 1.00 |'] * MOST_LINES]), 'table of 41 lines: in the log file'),
        ('\n'.join(['Average precision', *['| cat | 1.00 |'] * 3]), '| cat | 1.00 |\n| cat | 1.00 |\n| cat | 1.00 |\n'),
    ],
)
def test_texts_are_made_for_a_person(capsys, tmp_path, text, shown):
    logger = new_logger(tmp_path)
    open_terminal(logger)
    logger.info(text)
    printed = capsys.readouterr().out
    assert shown in printed
    assert 'mmengine - INFO' not in printed
    assert text in (tmp_path / 'run.log').read_text()


def test_the_name_of_the_run_is_not_repeated(capsys, tmp_path):
    logger = new_logger(tmp_path)
    open_terminal(logger)
    logger.info('Exp name: job_20260101_000000')
    assert capsys.readouterr().out == ''


def test_prints_go_to_the_log(capsys, tmp_path):
    new_logger(tmp_path)
    with prints_to_log():
        print('creating index...')
        print('index created!')
    assert 'creating' not in capsys.readouterr().out
    assert 'creating index...\nindex created!' in (tmp_path / 'run.log').read_text()


def test_a_failure_while_prints_are_kept_is_raised(tmp_path):
    new_logger(tmp_path)

    def fail():
        with prints_to_log():
            print('reading')
            raise ValueError('bad file')

    with pytest.raises(ValueError, match='bad file'):
        fail()
    assert 'reading' in (tmp_path / 'run.log').read_text()


def test_only_known_python_warnings_are_silenced():
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        silence_known_warnings()
        warnings.warn('`broadcast_buffers` is deprecated. Use another.', FutureWarning, stacklevel=1)
        warnings.warn('`broadcast_buffers` is deprecated. Use another.', UserWarning, stacklevel=1)
        warnings.warn('something else', FutureWarning, stacklevel=1)
    assert [(str(one.message)[:10], one.category) for one in seen] == [
        ('`broadcast', UserWarning),
        ('something ', FutureWarning),
    ]
    assert all(known.reason for known in KNOWN)


def test_loggers_of_other_processes_show_errors_alone(capsys, tmp_path):
    logger = new_logger(tmp_path)
    for handler in logger.handlers:
        handler.setLevel(logging.ERROR)  # as mmengine sets it in all processes but the first
    open_terminal(logger)
    logger.info('Epoch 1')
    logger.error('broken')
    shown = capsys.readouterr().out
    assert 'Epoch 1' not in shown
    assert 'broken' in shown
