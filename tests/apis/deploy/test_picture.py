"""The resize and normalisation in an exported graph beside those of the pipelines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmseg.models import SegDataPreProcessor

from mmmaskattn.apis.deploy.picture import PictureInput
from mmmaskattn.datasets.transforms.low_res_resize import resize_image

SMALLER = [(128, 128), (256, 256), (384, 384), (256, 512), (480, 640), (129, 127), (203, 97), (97, 203), (5, 300)]
LARGER = [(97, 61), (64, 64), (1, 1), (3, 128)]


def resized(picture: np.ndarray, size: tuple[int, int], layout: str) -> np.ndarray:
    batch = torch.from_numpy(picture)[None]
    batch = batch if layout == 'nhwc' else batch.permute(0, 3, 1, 2)
    return PictureInput(size, torch.zeros(3), torch.ones(3), layout=layout)(batch)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize('layout', ['nhwc', 'nchw'])
def test_pictures_that_shrink_along_an_axis_are_those_of_cv2(layout):
    rng = np.random.default_rng(0)
    for shape in SMALLER:
        picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
        for size in ((128, 128), (96, 128)):
            expected = resize_image(picture, size)
            differing = resized(picture, size, layout) != expected
            assert differing.mean() < 1e-4, (shape, size)


def test_pictures_that_grow_are_within_a_level():
    rng = np.random.default_rng(1)
    for shape in LARGER:
        picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
        difference = np.abs(resized(picture, (128, 128), 'nhwc') - resize_image(picture, (128, 128)))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize('turned', [True, False])
def test_normalised_as_the_data_preprocessor_does(turned):
    """That takes BGR."""
    mean, std = [120.0, 110.0, 100.0], [60.0, 50.0, 40.0]
    before = SegDataPreProcessor(mean=mean, std=std, bgr_to_rgb=turned, size=(16, 16))
    picture = torch.randint(0, 256, (16, 16, 3), generator=torch.Generator().manual_seed(0)).byte()
    expected = before(dict(inputs=[picture.flip(2).permute(2, 0, 1)]))['inputs']
    found = PictureInput((16, 16), before.mean, before.std, flipped=not turned)(picture[None])
    torch.testing.assert_close(found, expected)
