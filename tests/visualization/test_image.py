"""Images of any form become RGB, small ones grow by whole factors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcv.transforms import Normalize

from mmmaskattn.visualization.image import fit_image, fitted_shape, to_rgb

BGR = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)


def test_channel_order_type_and_tensors():
    assert to_rgb(BGR).tolist() == [[[3, 2, 1], [6, 5, 4]]]
    assert to_rgb(BGR, channel_order='rgb').tolist() == BGR.tolist()
    assert to_rgb(torch.from_numpy(BGR).permute(2, 0, 1)).tolist() == [[[3, 2, 1], [6, 5, 4]]]
    assert to_rgb(np.array([[[-3.0, 2.6, 300]]])).tolist() == [[[255, 3, 0]]]


def test_one_channel_and_odd_numbers_of_channels_become_grey():
    grey = np.array([[7, 9]], np.uint8)
    assert to_rgb(grey).tolist() == [[[7] * 3, [9] * 3]]
    assert to_rgb(np.dstack([grey, grey + 1])).tolist() == [[[7] * 3, [9] * 3]]


@pytest.mark.parametrize('swap', [False, True])
def test_mmcvs_normalisation_is_undone(swap: bool):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    results = Normalize([120, 110, 100], [60, 50, 40], to_rgb=swap)(dict(img=image.astype(np.float32)))
    assert np.array_equal(to_rgb(results['img'], results['img_norm_cfg']), image[..., ::-1])


@pytest.mark.parametrize(
    ('shape', 'box', 'expected'),
    [
        ((128, 128), 256, (256, 256)),
        ((128, 128), 300, (256, 256)),
        ((64, 48), 256, (256, 192)),
        ((480, 640), 320, (240, 320)),
        ((1, 4000), 256, (1, 256)),
        ((256, 10), 256, (256, 10)),
    ],
)
def test_sizes(shape, box, expected):
    assert fitted_shape(shape, box) == expected
    assert fit_image(np.zeros((*shape, 3), np.uint8), box).shape == (*expected, 3)


def test_every_pixel_of_a_small_image_becomes_a_square():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    big = fit_image(image, 50)
    assert np.array_equal(big, image.repeat(3, axis=0).repeat(3, axis=1))
