"""Strict decoding: what OpenCV lets pass is found."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmmaskattn.data_tools.pictures import PictureError, decode_strictly
from mmmaskattn.datasets.transforms.picture_file import upright_size

NOISE = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)


@pytest.fixture
def jpeg(tmp_path):
    path = tmp_path / 'image.jpg'
    cv2.imwrite(str(path), NOISE)
    return path


@pytest.fixture
def png(tmp_path):
    path = tmp_path / 'labels.png'
    cv2.imwrite(str(path), NOISE[..., 0])
    return path


@pytest.mark.parametrize('kept', [0.98, 0.6, 0.2])
def test_a_truncated_jpeg_is_found_though_opencv_decodes_it(jpeg, kept):
    content = jpeg.read_bytes()
    jpeg.write_bytes(content[: int(len(content) * kept)])
    assert cv2.imread(str(jpeg)).shape == NOISE.shape  # the trap: grey from there on
    with pytest.raises(PictureError, match=r'damaged picture.*truncated'):
        decode_strictly(str(jpeg))


def test_a_flipped_bit_in_a_png_is_found(png):
    content = bytearray(png.read_bytes())
    content[len(content) // 2] ^= 16
    png.write_bytes(content)
    with pytest.raises(PictureError, match=r'damaged picture of \d+ bytes'):
        decode_strictly(str(png))


def test_a_truncated_png_is_found(png):
    png.write_bytes(png.read_bytes()[:-200])
    with pytest.raises(PictureError, match='damaged picture'):
        decode_strictly(str(png))


def test_a_missing_an_empty_and_a_foreign_file_are_told_apart(tmp_path):
    path = tmp_path / 'image.jpg'
    with pytest.raises(PictureError, match='the file is missing'):
        decode_strictly(str(path))
    path.write_bytes(b'')
    with pytest.raises(PictureError, match='empty'):
        decode_strictly(str(path))
    path.write_text('<html>404</html>')
    with pytest.raises(PictureError, match='of no known picture format'):
        decode_strictly(str(path))


def test_whole_pictures_pass(jpeg, png):
    assert upright_size(decode_strictly(str(jpeg))) == (96, 128)
    np.testing.assert_array_equal(np.asarray(decode_strictly(str(png))), NOISE[..., 0])


def test_the_size_is_that_of_the_upright_picture_as_opencv_decodes_it(tmp_path):
    path = tmp_path / 'turned.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(path, exif=exif)
    assert upright_size(decode_strictly(str(path))) == cv2.imread(str(path)).shape[:2] == (128, 96)
