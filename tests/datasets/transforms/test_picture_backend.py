"""The file backend of the test pipelines' loader: pictures pass, anything else is refused before it is decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile

from mmmaskattn.datasets.transforms.picture_backend import PictureBackend
from mmmaskattn.registry import TRANSFORMS

LOADER = dict(type='LoadImageFromFile', backend_args=dict(backend='mmmaskattn.picture', max_pixels=20))


def load(path, **options) -> dict:
    return TRANSFORMS.build({**LOADER, **options})(dict(img_path=str(path)))


def test_a_picture_is_loaded_as_without(tmp_path):
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    assert np.array_equal(load(path)['img'], LoadImageFromFile()(dict(img_path=str(path)))['img'])


def test_what_is_no_picture_or_too_large_is_refused_by_name(tmp_path):
    text, large = tmp_path / 'text.png', tmp_path / 'large.png'
    text.write_text('no picture')
    cv2.imwrite(str(large), np.zeros((3, 7, 3), np.uint8))
    with pytest.raises(ValueError, match=r'text\.png: cannot be decoded as an image'):
        load(text)
    with pytest.raises(ValueError, match=r'large\.png: 3 x 7 .* over max_pixels=20'):
        load(large)
    with pytest.raises(FileNotFoundError, match='absent'):
        load(tmp_path / 'absent.png')
    with pytest.raises(ValueError, match='pictures only'):
        PictureBackend().get_text(str(large))


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match='PictureBackend: option max_pixels is 0'):
        PictureBackend(max_pixels=0)
