from __future__ import annotations

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest
from pictures import centre_of_mass, disc

from mmmaskattn.datasets.transforms.low_res_resize import nearest_centre_index, resize_image, resize_labels

SIZES = [(640, 480), (641, 479), (427, 640), (129, 127), (128, 128), (100, 75), (33, 17)]


@pytest.mark.parametrize('dst', [1, 16, 31, 64, 128, 257])
def test_index_equals_exact_rational_arithmetic(dst):
    for src in range(1, 700, 7):
        exact = [math.floor((Fraction(i) + Fraction(1, 2)) * src / dst) for i in range(dst)]
        index = nearest_centre_index(src, dst)
        assert index.tolist() == exact
        assert 0 <= index.min() <= index.max() < src


def test_640_to_128_reads_the_middle_of_each_five():
    assert nearest_centre_index(640, 128)[:3].tolist() == [2, 7, 12]
    ramp = np.arange(640, dtype=np.int32)[None].repeat(2, 0)
    assert cv2.resize(ramp.astype(np.float32), (128, 2), interpolation=cv2.INTER_NEAREST)[0, :3].tolist() == [0, 5, 10]
    assert resize_labels(ramp, (2, 128))[0, :3].tolist() == [2, 7, 12]


@pytest.mark.parametrize('native', SIZES)
@pytest.mark.parametrize('size', [(128, 128), (64, 48), (32, 32)])
def test_resized_labels_are_the_values_under_the_centres(native, size):
    labels = np.random.default_rng(0).integers(0, 256, native).astype(np.uint8)
    resized = resize_labels(labels, size)
    assert resized.shape == size
    assert resized.dtype == labels.dtype
    for row in range(0, size[0], 5):
        for column in range(0, size[1], 7):
            source = (2 * row + 1) * native[0] // (2 * size[0]), (2 * column + 1) * native[1] // (2 * size[1])
            assert resized[row, column] == labels[source]


@pytest.mark.parametrize('size', [(128, 96), (40, 300), (50, 40)])
def test_a_window_of_the_resized_labels_equals_their_part(size):
    labels = np.random.default_rng(0).integers(0, 256, (50, 40)).astype(np.uint8)
    window = (slice(3, 31), slice(7, 33))
    part = resize_labels(labels, size, window)
    assert part.shape == (28, 26)
    assert np.array_equal(part, resize_labels(labels, size)[window])


@pytest.mark.parametrize('dtype', [np.uint8, np.int32, np.int64, bool])
def test_labels_keep_type_and_channels(dtype):
    labels = np.random.default_rng(0).integers(0, 2, (50, 40, 3)).astype(dtype)
    resized = resize_labels(labels, (16, 20))
    assert resized.shape == (16, 20, 3)
    assert resized.dtype == dtype


def test_same_size_is_identity():
    picture = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    assert np.array_equal(resize_image(picture, (128, 96)), picture)
    assert np.array_equal(resize_labels(picture[..., 0], (128, 96)), picture[..., 0])


@pytest.mark.parametrize('native', [(480, 640), (479, 641), (427, 640), (360, 480)])
def test_image_and_labels_stay_aligned_and_cv2_nearest_does_not(native):
    image, labels = disc(native, (native[0] * 0.4, native[1] * 0.6), native[0] * 0.2)
    small = (128, 128)
    image_centre = centre_of_mass(resize_image(image, small)[..., 0]) * 128
    ours = centre_of_mass(resize_labels(labels, small)) * 128
    theirs = centre_of_mass(cv2.resize(labels, (128, 128), interpolation=cv2.INTER_NEAREST)) * 128
    assert np.abs(ours - image_centre).max() < 0.15
    assert np.abs(theirs - image_centre).max() > 0.3


def test_image_by_area_is_the_block_mean():
    picture = np.random.default_rng(0).integers(0, 256, (640, 320)).astype(np.float32)
    means = picture.reshape(128, 5, 64, 5).mean((1, 3))
    np.testing.assert_allclose(resize_image(picture, (128, 64)), means, rtol=1e-4)


def test_one_axis_shrinks_and_the_other_grows():
    columns = np.random.default_rng(0).integers(0, 256, (640, 1)).astype(np.float32).repeat(32, 1)
    resized = resize_image(columns, (128, 64))
    np.testing.assert_allclose(resized[:, 0], columns[:, 0].reshape(128, 5).mean(1), rtol=1e-4)
    np.testing.assert_allclose(resized, resized[:, :1].repeat(64, 1), rtol=1e-5)
    np.testing.assert_allclose(resize_image(columns.T.copy(), (64, 128)), resized.T, rtol=1e-4)


@pytest.mark.parametrize(('length', 'scale'), [(1025, 8), (1027, 8), (641, 2), (1021, 4)])
def test_fractional_extent_leaves_no_shift(length, scale):
    # What a decoder at 1/scale returns: block means, the last block padded by the edge.
    columns = (100 * np.sin(np.arange(length) / 25)).astype(np.float32)
    padded = np.pad(columns, (0, -length % scale), 'edge').reshape(-1, scale).mean(1)
    reduced = padded[None].repeat(256, 0)
    full = resize_image(columns[None].repeat(256, 0), (128, 100))
    exact = resize_image(reduced, (128, 100), extent=(256.0, length / scale))
    careless = resize_image(reduced, (128, 100))
    assert exact.shape == full.shape
    assert np.abs(exact - full).mean() < 0.5 * np.abs(careless - full).mean()
