"""Images of any form become RGB, small ones grow by whole factors, label maps are mixed in, panels stand in a row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcv.transforms import Normalize
from mmengine.structures import BaseDataElement, PixelData

from mmmaskattn.visualization.image import fit_image, fitted_shape, overlay_labels, side_by_side, to_rgb

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


RED_AND_BLUE = np.array([[255, 0, 0], [0, 0, 255]], np.uint8)


def sample_of(**maps):
    sample = BaseDataElement()
    for name, labels in maps.items():
        setattr(sample, name, PixelData(data=torch.tensor(labels)[None]))
    return sample


def test_panels_keep_their_order_and_the_images_size():
    image = np.full((8, 12, 3), 100, np.uint8)
    picture = side_by_side(
        image, sample_of(pred_sem_seg=[[1, 1]], gt_sem_seg=[[0, 1], [0, 1]]), RED_AND_BLUE, alpha=1.0
    )
    assert picture.shape == (8, 36, 3)
    assert (picture[:, :12] == image).all()
    assert (picture[:, 12:18] == RED_AND_BLUE[0]).all(), 'left half of the truth'
    assert (picture[:, 18:] == RED_AND_BLUE[1]).all(), 'right half of the truth, and the prediction'


def test_unlabelled_pixels_are_darkened_and_no_truth_gives_two_panels():
    image = np.full((4, 4, 3), 100, np.uint8)
    picture = side_by_side(image, sample_of(pred_sem_seg=[[255]]), RED_AND_BLUE, alpha=0.7)
    assert picture.shape == (4, 8, 3)
    assert picture[:, 4:] == pytest.approx(30)


PALETTE = np.array([[200, 0, 0], [0, 0, 200]], np.uint8)


def test_mixes_colours_by_alpha_and_enlarges_by_nearest_neighbour():
    image = np.full((6, 6, 3), 100, np.uint8)
    picture = overlay_labels(image, np.array([[0, 1]]), PALETTE, alpha=0.5)
    assert (picture[:, :3] == [150, 50, 50]).all()
    assert (picture[:, 3:] == [50, 50, 150]).all()


def test_labels_that_come_as_floats_are_drawn_as_whole_ones():
    image = np.full((1, 2, 3), 100, np.uint8)
    labels = np.array([[0, 1]])
    whole, floats = (overlay_labels(image, one, PALETTE, alpha=0.5) for one in (labels, labels.astype(np.float32)))
    assert np.array_equal(whole, floats)


def test_labels_outside_the_palette_are_dark_whichever_side_they_are_on():
    image = np.full((2, 2, 3), 100, np.uint8)
    picture = overlay_labels(image, np.array([[-1, 2], [255, 0]]), PALETTE, alpha=0.5)
    assert (picture[[0, 0, 1], [0, 1, 0]] == 50).all()
    assert (picture[1, 1] == [150, 50, 50]).all()
