"""Small pictures hold their pixels and modes for every decoder, whatever the end of their names."""

from __future__ import annotations

import io

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image

from mmmaskattn.data_tools.pictures import PictureError, decode_strictly
from mmmaskattn.data_tools.shrink.samples import panoptic_picture, shrunk_image, shrunk_labels
from mmmaskattn.datasets.panoptic_png import rgb_to_id
from mmmaskattn.datasets.transforms.low_res_resize import resize_image, resize_labels


def random_picture(*shape: int, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


@pytest.mark.parametrize('size', [(16, 16), (33, 17), (64, 48)])
def test_images_are_those_of_the_resize_for_opencv_and_pillow(size):
    image = random_picture(97, 130, 3)
    content = shrunk_image(image, size)
    expected = resize_image(image, size)
    for backend in ('cv2', 'pillow'):
        assert np.array_equal(mmcv.imfrombytes(content, backend=backend), expected)


def test_a_truncated_copy_is_found_by_the_check(tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_bytes(shrunk_image(random_picture(40, 40, 3), (32, 32))[:-500])
    with pytest.raises(PictureError, match='truncated'):
        decode_strictly(str(path))


def test_panoptic_pictures_hold_every_id():
    ids = np.array([[0, 255, 256], [65536, 150255, 2**24 - 1]], np.int32)
    content = panoptic_picture(ids)
    assert np.array_equal(rgb_to_id(np.asarray(Image.open(io.BytesIO(content)))), ids)
    unchanged = mmcv.imfrombytes(content, flag='unchanged', backend='cv2')
    assert np.array_equal(rgb_to_id(unchanged[..., ::-1]), ids)


def test_a_panoptic_picture_of_nothing_but_void_keeps_three_channels():
    content = panoptic_picture(np.zeros((16, 16), np.int32))
    assert mmcv.imfrombytes(content, flag='unchanged', backend='cv2').shape == (16, 16, 3)
    assert Image.open(io.BytesIO(content)).mode == 'RGB'


@pytest.mark.parametrize(
    ('mode', 'shape', 'dtype'),
    [('L', (), np.uint8), ('I;16', (), np.uint16), ('RGB', (3,), np.uint8), ('RGBA', (4,), np.uint8)],
)
def test_labels_keep_values_and_mode(mode, shape, dtype):
    labels = random_picture(50, 70, *shape, dtype=dtype)
    picture = Image.fromarray(labels)
    assert picture.mode == mode
    small = Image.open(io.BytesIO(shrunk_labels(picture, (32, 48))))
    assert small.mode == mode
    assert np.array_equal(np.asarray(small), resize_labels(labels, (32, 48)))


def test_label_maps_are_small():
    rows, columns = np.mgrid[:480, :640]
    labels = (rows // 100 * 7 + (columns + rows // 3) // 90).astype(np.uint8)
    plain = len(cv2.imencode('.png', resize_labels(labels, (128, 128)))[1])
    assert len(shrunk_labels(Image.fromarray(labels), (128, 128))) < 0.7 * plain
