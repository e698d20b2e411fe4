from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.analysis.timing.decode import benchmark_decode, photo_like


def test_a_photograph_sized_picture_is_decoded_at_an_eighth():
    timing = benchmark_decode((1200, 1600), (128, 128), repeats=1)
    assert timing.decode_scale == 8
    assert timing.ratio == pytest.approx(timing.reduced_ms / timing.full_ms)


@pytest.mark.parametrize(('native', 'scale'), [((480, 640), 2), ((200, 250), 1)])
def test_table_names_sizes_scale_and_conditions(native, scale):
    table = benchmark_decode(native, (128, 128), repeats=2).table()
    assert f'| {native[0]}x{native[1]} | 128x128 | 1/{scale} |' in table
    assert 'median of 2 interleaved rounds, 1 OpenCV thread' in table


def test_picture_is_the_same_each_time_and_has_detail():
    picture = photo_like((120, 160))
    assert np.array_equal(picture, photo_like((120, 160)))
    assert picture.shape == (120, 160, 3)
    assert picture.std() > 20
    assert np.abs(np.diff(picture.astype(int), axis=1)).mean() > 2
