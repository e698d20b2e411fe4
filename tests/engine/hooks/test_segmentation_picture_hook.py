"""Panels of the picture: image, truth, prediction."""

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, PixelData

from mmmaskattn.engine.hooks.picture_hook import side_by_side

PALETTE = np.array([[255, 0, 0], [0, 0, 255]], np.uint8)


def sample_of(**maps):
    sample = BaseDataElement()
    for name, labels in maps.items():
        setattr(sample, name, PixelData(data=torch.tensor(labels)[None]))
    return sample


def test_panels_keep_their_order_and_the_images_size():
    image = np.full((8, 12, 3), 100, np.uint8)
    picture = side_by_side(image, sample_of(pred_sem_seg=[[1, 1]], gt_sem_seg=[[0, 1], [0, 1]]), PALETTE, alpha=1.0)
    assert picture.shape == (8, 36, 3)
    assert (picture[:, :12] == image).all()
    assert (picture[:, 12:18] == PALETTE[0]).all(), 'left half of the truth'
    assert (picture[:, 18:] == PALETTE[1]).all(), 'right half of the truth, and the prediction'


def test_unlabelled_pixels_are_darkened_and_no_truth_gives_two_panels():
    image = np.full((4, 4, 3), 100, np.uint8)
    picture = side_by_side(image, sample_of(pred_sem_seg=[[255]]), PALETTE, alpha=0.7)
    assert picture.shape == (4, 8, 3)
    assert picture[:, 4:] == pytest.approx(30)
