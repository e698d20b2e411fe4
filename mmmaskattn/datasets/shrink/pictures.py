"""One picture, made small: images by area, label pictures by exact pixel centres, both stored without loss."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import mmcv
import numpy as np
from PIL import Image

from mmmaskattn.datasets.check.pictures import decode_strictly
from mmmaskattn.datasets.transforms.resampling import resize_image, resize_labels

FASTEST_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 0]
"""Stored, not compressed: decoded five times as fast as a compressed one, and only a third larger."""


def read_image(path: Path) -> np.ndarray:
    """Decode an image as the pipeline's `LoadImageFromFile` does, but refuse a damaged one.

    Args:
        path: The file.

    Returns:
        uint8 (H, W, 3), BGR, upright.

    Raises:
        PictureError: If the file is missing, damaged or truncated; the message does not name it.
    """
    decode_strictly(str(path))  # OpenCV would fill up a truncated JPEG with grey
    return mmcv.imfrombytes(path.read_bytes())


def shrunk_image(image: np.ndarray, size: tuple[int, int]) -> bytes:
    """Resize an image by area, as `LowResResize` does, and encode it without loss.

    Args:
        image: uint8 (H, W, 3), BGR.
        size: Target (H, W).

    Returns:
        A PNG; decoders go by the content, so it may stand in a file named .jpg.
    """
    encoded, content = cv2.imencode('.png', resize_image(image, size), FASTEST_PNG)
    if not encoded:
        raise ValueError(f'an image of {image.shape} ({image.dtype}) could not be encoded as PNG.')
    return content.tobytes()


def shrunk_labels(picture: Image.Image, size: tuple[int, int]) -> bytes:
    """Resize a label picture by exact pixel centres; depth, channels and palette stay.

    Args:
        picture: Labels as stored: one channel of 8 or 16 bits, a palette, or colours.
        size: Target (H, W).

    Returns:
        A PNG.
    """
    small = Image.fromarray(np.ascontiguousarray(resize_labels(np.asarray(picture), size)))
    if picture.mode == 'P':
        small.putpalette(picture.getpalette('RGB') or [])
    content = io.BytesIO()
    small.save(content, 'PNG')
    return content.getvalue()


def is_current(made: Path, source: Path) -> bool:
    """Whether a file was made after its source last changed. Files are written whole, so it is not looked into.

    Args:
        made: The file made.
        source: What it was made from.

    Returns:
        True if so; False if either is missing.
    """
    try:
        return made.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except FileNotFoundError:
        return False
