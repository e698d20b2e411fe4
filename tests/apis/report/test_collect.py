"""Curves of trainings that were resumed, or that are being written."""

from __future__ import annotations

import json

import numpy as np

from mmmaskattn.apis.report.collect import _curves, _rows
from mmmaskattn.apis.report.parts import shares


def write_run(folder, name, rows, end=''):
    path = folder / name / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(json.dumps(row) for row in rows) + end)


def learned(*steps, loss):
    return [dict(loss=loss, iter=step, step=step) for step in steps]


def test_what_a_later_run_did_again_is_taken_from_it(tmp_path):
    first = [*learned(1, 2, loss=1.0), dict(mIoU=1.0, step=1), *learned(3, 4, loss=1.0), dict(mIoU=2.0, step=2)]
    second = [*learned(3, 4, loss=2.0), dict(mIoU=3.0, step=2), dict(mIoU=float('nan'), step=3)]
    write_run(tmp_path, '20260101_000000', first)
    write_run(tmp_path, '20260102_000000', second, '\n{"loss": 1')
    rows = list(_rows(tmp_path))
    curves = _curves(rows, ('iter', 'step'))
    assert curves['loss'] == ([1, 2, 3, 4], [1.0, 1.0, 2.0, 2.0])
    assert curves['mIoU'] == ([1, 2], [1.0, 3.0])


def test_shares_of_a_confusion_matrix():
    confusion = np.array([[6, 2, 0, 0], [0, 0, 0, 0], [1, 0, 2, 1]])
    matrix, rows, columns = shares(confusion, ['a', 'b', 'c'])
    assert (rows, columns) == (['a', 'c'], ['a', 'c', 'others', 'no class'])
    assert matrix.tolist() == [[0.75, 0, 0.25, 0], [0.25, 0.5, 0, 0.25]]
    many = np.eye(40, 41, dtype=np.int64) * np.arange(1, 41)[:, None]
    matrix, rows, columns = shares(many, [str(k) for k in range(40)])
    assert rows == columns == [*(str(k) for k in range(16, 40)), 'others']
    assert np.array_equal(matrix, np.eye(25))
