from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.analysis.decode_benchmark import benchmark_decode, photo_like


def test_reduced_decode_is_quicker_on_a_photograph_sized_picture():
    timing = benchmark_decode((1200, 1600), (128, 128), repeats=5)
    assert timing.decode_scale == 8
    assert timing.reduced_ms < timing.full_ms
    assert timing.ratio < 0.7


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
