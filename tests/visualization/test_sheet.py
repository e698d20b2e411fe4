"""The sheet: sizes, places and contents of its panels."""

import numpy as np
import pytest

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.sheet import Headings, SheetLayout, Step, draw_sheet
from mmmaskattn.visualization.truth import Truth

TABLE = ClassTable.from_metainfo(dict(classes=('a', 'b'), palette=[(250, 0, 0), (0, 0, 250)]))
LAYOUT = SheetLayout(panel=128, columns=5)


def image_of(colour, size=(64, 64)):
    return np.full((*size, 3), colour, np.uint8)


def truth_of(label, size=(64, 64)):
    return Truth(np.full(size, label), np.zeros(size, int))


def sheet_of(steps, original=(10, 20, 30)):
    picture = None if original is None else image_of(original)
    return draw_sheet(picture, steps, TABLE, Headings('title.png', 'words'), LAYOUT)


def area(sheet, colour):
    return int((sheet == colour).all(axis=2).sum())


def test_every_step_has_its_panel_enlarged_by_whole_factors():
    colours = [(200, 1, 1), (2, 200, 2), (3, 3, 200)]
    steps = [Step(f'Step{i}', image_of(colour), None) for i, colour in enumerate(colours)]
    sheet = sheet_of(steps)
    assert sheet.shape[1] == LAYOUT.width
    assert area(sheet, colours[0]) == 128 * 128
    assert area(sheet, colours[2]) == 128 * 128 + 256 * 256, 'also as what the network is fed'
    assert area(sheet, (10, 20, 30)) == 256 * 256, 'the original'
    lefts = [np.flatnonzero((sheet[400:] == c).all(axis=2).any(axis=0)).min() for c in colours]
    assert lefts[1] - lefts[0] == lefts[2] - lefts[1] > 128


def test_steps_are_spread_evenly_over_rows():
    one_row = sheet_of([Step(f'S{i}', image_of((1, 2, i)), None) for i in range(5)])
    two_rows = sheet_of([Step(f'S{i}', image_of((1, 2, i)), None) for i in range(6)])
    assert two_rows.shape[0] > one_row.shape[0]
    third, fourth = ((two_rows[400:] == (1, 2, i)).all(axis=2) for i in (2, 3))
    assert np.flatnonzero(third.any(axis=1)).max() < np.flatnonzero(fourth.any(axis=1)).min()


def test_original_carries_the_first_truth_and_the_network_the_last():
    steps = [Step('Load', image_of(0), truth_of(0)), Step('Pack', image_of(0, (32, 32)), truth_of(1, (32, 32)))]
    top = sheet_of(steps, original=(0, 0, 0))[:400]
    left, right = top[:, : LAYOUT.width // 2], top[:, 300:]
    assert area(left, (150, 0, 0)) == 256 * 256
    assert area(right, (0, 0, 150)) == 256 * 256


def test_a_problem_is_written_in_red_and_a_missing_original_is_no_error():
    steps = [Step('Load', None, None, problem='ValueError: labels [200] on 3 pixels')]
    sheet = sheet_of(steps, original=None).astype(int)
    red = (sheet[..., 0] > 150) & (sheet[..., 1] < 80) & (sheet[..., 2] < 80)
    assert red.sum() > 100
    assert not ((sheet_of([Step('Load', None, None)], original=None) == (190, 20, 20)).all(axis=2)).any()


@pytest.mark.parametrize(('options', 'name'), [(dict(panel=20), 'panel'), (dict(columns=2), 'columns')])
def test_sizes_that_leave_no_room_are_refused(options, name):
    with pytest.raises(ValueError, match=f'{name}: found'):
        SheetLayout(**options)
