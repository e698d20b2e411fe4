"""Picture files before they are decoded: what their header says, how many pixels are too many, which way is up.

One rule of orientation for images and label pictures: each is turned upright as its own EXIF data says, as OpenCV does
with colours by itself. A label picture without such data, and masks and sizes of a json, belong to the upright image.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from PIL import Image

from mmmaskattn.utils.files import check_regular, read_regular

MAX_PIXELS = 100_000_000
"""Default limit: 8000 x 6000 is half of it. A file of 50 kB may ask for gigabytes."""
_ORIENTATION_TAG = 0x0112
_SIDES_EXCHANGED = (5, 6, 7, 8)


class Header(NamedTuple):
    """What a picture file says of itself.

    Attributes:
        format: Pillow's name, such as ``JPEG``.
        mode: Pillow's mode, such as ``RGB``, ``P`` (palette), ``I;16``, ``F`` (floats).
        size: (H, W) in pixels, upright.
        orientation: EXIF's, 1 (upright) to 8.
    """

    format: str
    mode: str
    size: tuple[int, int]
    orientation: int


@contextmanager
def pillow_without_limit() -> Iterator[None]:
    """Let Pillow open pictures of any size, for `check_pixels` to judge."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def exif_orientation(picture: Image.Image) -> int:
    """EXIF orientation of an opened picture, 1 (upright) to 8; 1 where there is none or no valid one."""
    stored = picture.info.get('exif')
    exif = Image.Exif()
    try:
        exif.load(stored or b'')
        orientation = exif.get(_ORIENTATION_TAG, 1)
    except Exception:  # of damaged data Pillow raises struct.error, SyntaxError, TypeError ...
        return 1
    return orientation if orientation in range(1, 9) else 1


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Size of a picture as it is once it has been turned upright.

    Returns:
        (H, W) in pixels.
    """
    width, height = picture.size
    return (width, height) if exif_orientation(picture) in _SIDES_EXCHANGED else (height, width)


def turn_upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture decoded as it is stored.

    Args:
        array: (H, W) or (H, W, C).
        orientation: EXIF's, 1 to 8.

    Returns:
        A view or the array itself.
    """
    if orientation in _SIDES_EXCHANGED:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def picture_header(source: bytes | str | os.PathLike[str]) -> Header | None:
    """Read the header of a picture, without decoding it.

    Args:
        source: A file's content, or the path of a local file.

    Returns:
        The header, or None of what Pillow does not know as a picture.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no regular file.
    """
    if not isinstance(source, bytes):
        check_regular(source)
    try:
        with pillow_without_limit(), Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            size, orientation = upright_size(picture), exif_orientation(picture)
            return Header(picture.format or '', picture.mode, size, orientation)
    except FileNotFoundError:
        raise
    except Exception:  # Pillow's openers raise OSError, SyntaxError, ValueError, struct.error ...
        return None


def check_max_pixels(value: int, owner: str) -> int:
    """Check an option ``max_pixels``.

    Args:
        value: The option.
        owner: Whose it is, for the message.

    Returns:
        The value.

    Raises:
        ValueError: If it is no positive integer.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'{owner}: max_pixels={value!r}: expected a number of pixels, an integer of 1 or more.')
    return value


def check_pixels(size: tuple[int, int], path: str | os.PathLike[str], max_pixels: int) -> None:
    """Refuse a picture of too many pixels.

    Args:
        size: (H, W).
        path: Its file, for the message.
        max_pixels: The most allowed.

    Raises:
        ValueError: If it has more.
    """
    if size[0] * size[1] > max_pixels:
        raise ValueError(
            f'{path}: {size[0]} x {size[1]} (height x width) pixels, which is over max_pixels={max_pixels}. Make the '
            f'picture smaller, take it out of the data set, or raise max_pixels.'
        )


def refuse_unknown(path: str | os.PathLike[str], content: bytes, header: Header | None) -> None:
    """Refuse an image file that no decoder will make colours of.

    Args:
        path: The file, for the message.
        content: Its content.
        header: Its header.

    Raises:
        ValueError: If it is no picture, or one of floats or 32 bits, of which 8 bits cannot be made by any rule.
    """
    if header is None:
        raise ValueError(
            f'{path}: cannot be decoded as an image ({len(content)} bytes). Expected a picture file such as JPEG or '
            f'PNG: fetch or write it again, or take it out of the data set.'
        )
    if header.mode == 'F' or (header.mode == 'I' and header.format != 'PNG'):
        kind = 'floats' if header.mode == 'F' else '32-bit integers'
        raise ValueError(f'{path}: an image of {kind}. Expected 8 or 16 bits: write it again.')


def read_picture(
    path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS
) -> tuple[bytes, Header | None]:
    """Read a picture file, not decoded.

    Args:
        path: The file.
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels allowed.

    Returns:
        Its content, and its header or None if it is none of a picture.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no regular file, or has too many pixels; the message names it.
    """
    content = read_regular(path, backend_args)
    header = picture_header(content)
    if header is not None:
        check_pixels(header.size, path, max_pixels)
    return content, header
