from __future__ import annotations

import pytest

from mmmaskattn.datasets.transforms.low_res_resize import check_size, scale_size


@pytest.mark.parametrize(('given', 'size'), [(128, (128, 128)), ((64, 48), (64, 48)), ([32, 16], (32, 16))])
def test_one_number_is_a_square_and_two_are_height_and_width(given, size):
    assert check_size(given) == size


@pytest.mark.parametrize('given', [15, (128, 8), 0, -128])
def test_under_16_is_refused_with_the_option_named(given):
    with pytest.raises(ValueError, match=r'image_size=.*at least 16'):
        check_size(given, 'image_size')


@pytest.mark.parametrize('given', [(128,), (1, 2, 3), (64.0, 48.0), '64', None])
def test_what_is_no_size_is_refused(given):
    with pytest.raises((ValueError, TypeError)):
        check_size(given)


def test_scale_rounds_each_axis_and_keeps_a_pixel():
    assert scale_size((64, 48), 1.25) == (80, 60)
    assert scale_size((16, 17), 0.001) == (1, 1)
