"""Strict decoding: what OpenCV lets pass is found."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmmaskattn.data_tools.pictures import (
    PictureError,
    decode_strictly,
    panoptic_ids,
    stored_labels,
    upright_size,
)

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
    np.testing.assert_array_equal(stored_labels(decode_strictly(str(png))), NOISE[..., 0])


def test_the_size_is_that_of_the_upright_picture_as_opencv_decodes_it(tmp_path):
    path = tmp_path / 'turned.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(path, exif=exif)
    assert upright_size(decode_strictly(str(path))) == cv2.imread(str(path)).shape[:2] == (128, 96)


def test_labels_keep_palette_indices_and_16_bits(tmp_path):
    palette = Image.fromarray(np.array([[0, 1], [2, 255]], np.uint8), mode='P')
    palette.putpalette([9, 9, 9] * 256)
    palette.save(tmp_path / 'p.png')
    assert stored_labels(decode_strictly(str(tmp_path / 'p.png'))).tolist() == [[0, 1], [2, 255]]
    cv2.imwrite(str(tmp_path / 'wide.png'), np.array([[1, 26001]], np.uint16))
    assert stored_labels(decode_strictly(str(tmp_path / 'wide.png'))).tolist() == [[1, 26001]]


def test_colours_are_no_labels_and_greys_no_segments(tmp_path):
    colours = Image.fromarray(NOISE)
    with pytest.raises(PictureError, match=r'\(96, 128, 3\).*one channel'):
        stored_labels(colours)
    with pytest.raises(PictureError, match=r'\(96, 128\).*RGB'):
        panoptic_ids(Image.fromarray(NOISE[..., 0]))
    red, green, blue = NOISE[0, 0].tolist()
    assert panoptic_ids(colours)[0, 0] == red + 256 * green + 65536 * blue
