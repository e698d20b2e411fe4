"""Panels in a row and their sizes."""

import numpy as np
import pytest

from mmmaskattn.visualization.legend import GAP, LEGEND, MARGIN, TITLE, LegendRow, Panel, draw_row, panel_shape


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
