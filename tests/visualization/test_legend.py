"""The legend counts things and measures stuff, before and after; panels stand in a row beside it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.legend import (
    GAP,
    LEGEND,
    MARGIN,
    ROW_HEIGHT,
    TITLE,
    LegendRow,
    Panel,
    draw_legend,
    draw_row,
    legend_rows,
    panel_shape,
)
from mmmaskattn.visualization.truth import IGNORED, UNLABELLED, Truth

TABLE = ClassTable.from_metainfo(
    dict(classes=('cat', 'dog', 'grass'), palette=[(200, 0, 0), (0, 0, 200), (0, 200, 0)], thing_classes=('cat', 'dog'))
)


def truth_of(labels, ids, instance_labels):
    return Truth(np.array(labels), np.array(ids), instance_labels)


BEFORE = truth_of([[0, 1, 1, 2]], [[1, 2, 3, 0]], (0, 1, 1))
AFTER = truth_of([[1, 2, 2, IGNORED]], [[3, 0, 0, 0]], (0, 1, 1))


def test_things_are_counted_and_stuff_is_measured():
    rows = legend_rows(BEFORE, AFTER, TABLE)
    assert [(row.name, row.before, row.after, row.is_thing) for row in rows] == [
        ('dog', '2', '1', True),
        ('cat', '1', '0', True),
        ('grass', '25.0 %', '50.0 %', False),
        ('ignored by the loss', '0', '25.0 %', False),
    ]


def test_boxes_are_counted_where_there_are_no_masks_and_unlabelled_pixels_are_left_out():
    boxes = Truth(np.full((2, 2), UNLABELLED), np.zeros((2, 2), int), (), np.zeros((2, 4)), (1, 1))
    assert [(row.name, row.before, row.after) for row in legend_rows(boxes, None, TABLE)] == [('dog', '2', '0')]
    assert legend_rows(None, None, TABLE) == []


def test_labels_out_of_range_are_named():
    (row,) = legend_rows(None, truth_of([[200]], [[0]], ()), TABLE)
    assert row.name == 'label 200: no such class'


def draw(rows, height):
    canvas = Image.new('RGB', (300, height), (255, 255, 255))
    draw_legend(ImageDraw.Draw(canvas), rows, (0, 0), (300, height))
    return np.asarray(canvas)


def test_drawn_swatches_have_the_colours_and_rows_that_do_not_fit_are_left_out():
    rows = legend_rows(BEFORE, AFTER, TABLE)
    full, cut = draw(rows, 10 * ROW_HEIGHT), draw(rows, 4 * ROW_HEIGHT)
    grass = (full == [0, 200, 0]).all(axis=2)
    assert grass.sum() > 300
    assert 3 * ROW_HEIGHT <= np.flatnonzero(grass.any(axis=1)).min() < 4 * ROW_HEIGHT, 'in its row'
    assert not (cut == [0, 200, 0]).all(axis=2).any()
    assert (cut[3 * ROW_HEIGHT :] < 200).any(), 'a line says how many more there are'


@pytest.mark.parametrize(
    ('shape', 'shown'),
    [
        ((128, 128), (384, 384)),
        ((64, 48), (384, 288)),
        ((100, 99), (400, 396)),
        ((383, 10), (766, 20)),
        ((384, 200), (384, 200)),
        ((480, 640), (480, 640)),
        ((1024, 2048), (384, 768)),
        ((1, 4000), (1, 768)),
    ],
)
def test_small_images_grow_by_whole_factors_and_large_ones_shrink(shape, shown):
    assert panel_shape(shape, 384) == shown


def test_panels_stand_side_by_side_under_their_titles_and_the_legend_follows():
    first, second = np.full((30, 40, 3), 10, np.uint8), np.full((50, 60, 3), 20, np.uint8)
    rows = [LegendRow('cat', np.array([[200, 0, 0]], np.uint8), '1', '2', True)]
    picture = draw_row([Panel('one', '', first), Panel('two', '', second)], rows, ('truth', 'predicted'))
    assert picture.shape == (2 * MARGIN + TITLE + 50, 2 * MARGIN + 40 + 60 + 2 * GAP + LEGEND, 3)
    top, left = MARGIN + TITLE, MARGIN
    assert (picture[top : top + 30, left : left + 40] == 10).all()
    assert (picture[top + 30, left : left + 40] == 255).all()
    left += 40 + GAP
    assert (picture[top : top + 50, left : left + 60] == 20).all()
    swatch = np.argwhere((picture == [200, 0, 0]).all(axis=2))
    assert len(swatch) > 100
    assert swatch[:, 1].min() >= left + 60 + GAP
