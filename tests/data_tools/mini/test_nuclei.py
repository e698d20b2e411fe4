"""Drawn nuclei: as many as asked for, where the map says, apart or touching."""

import numpy as np
import pytest

from mmmaskattn.data_tools.mini.nuclei import KINDS, draw_nuclei


@pytest.mark.parametrize('kind', KINDS)
def test_nuclei_are_where_the_map_says_and_differ_from_the_ground(kind):
    image, ids = draw_nuclei(3, (90, 120), 9, 8, kind)
    assert image.shape == (90, 120, 3)
    assert image.dtype == np.uint8
    assert set(np.unique(ids)) == set(range(10))
    ground = np.median(image[ids == 0], 0)
    assert all(np.abs(np.median(image[ids == number], 0) - ground).max() > 30 for number in range(1, 10))
    again = draw_nuclei(3, (90, 120), 9, 8, kind)
    assert all(np.array_equal(*pair) for pair in zip(again, (image, ids)))


def test_they_touch_if_asked_to_and_are_fewer_where_there_is_no_room():
    apart, close = (draw_nuclei(1, (128, 128), 60, 9, touching=touching).ids for touching in (0.0, 0.3))

    def borders(ids):
        return int(((ids[:, 1:] != ids[:, :-1]) & (ids[:, 1:] > 0) & (ids[:, :-1] > 0)).sum())

    assert borders(apart) == 0 < borders(close)
    assert apart.max() < close.max() <= 60
    with pytest.raises(ValueError, match="kind: found 'blue', expected one of dark, stained"):
        draw_nuclei(1, (64, 64), 1, 5, 'blue')
