"""One picture, made small: images by area, label pictures by exact pixel centres, both stored without loss."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import mmcv
import numpy as np
from PIL import Image

from mmmaskattn.datasets.check.pictures import decode_strictly
from mmmaskattn.datasets.panoptic_png import id_to_rgb
from mmmaskattn.datasets.prepare.segments import label_png
from mmmaskattn.datasets.transforms.resampling import resize_image, resize_labels


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


def colour_bmp(picture: np.ndarray) -> bytes:
    """Encode colours as a BMP: read ten to twenty times as fast as a PNG, compressed or not.

    Decoders go by the content, so it may stand in a file named .jpg or .png.

    Args:
        picture: uint8 (H, W, 3), BGR.

    Returns:
        The file's content: 3 bytes a pixel and 54.
    """
    encoded, content = cv2.imencode('.bmp', np.ascontiguousarray(picture))
    if not encoded:
        raise ValueError(f'a picture of {picture.shape} ({picture.dtype}) could not be encoded as BMP.')
    return content.tobytes()


def shrunk_image(image: np.ndarray, size: tuple[int, int]) -> bytes:
    """Resize an image by area, as `LowResResize` does, and encode it without loss.

    Args:
        image: uint8 (H, W, 3), BGR.
        size: Target (H, W).

    Returns:
        A BMP.
    """
    return colour_bmp(resize_image(image, size))


def panoptic_picture(ids: np.ndarray) -> bytes:
    """Encode an id map as a picture of COCO's panoptic format, for speed and not for size.

    Args:
        ids: Integer (H, W), 0 = void.

    Returns:
        A BMP.
    """
    return colour_bmp(id_to_rgb(ids)[..., ::-1])


def shrunk_labels(picture: Image.Image, size: tuple[int, int]) -> bytes:
    """Resize a label picture by exact pixel centres; depth, channels and palette stay.

    Args:
        picture: Labels as stored: one channel of 8 or 16 bits, a palette, or colours.
        size: Target (H, W).

    Returns:
        A PNG.
    """
    labels = np.ascontiguousarray(resize_labels(np.asarray(picture), size))
    if picture.mode in ('L', 'I;16'):
        return label_png(labels)
    if picture.mode == 'RGB':
        return label_png(labels[..., ::-1])
    small = Image.fromarray(labels)
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
