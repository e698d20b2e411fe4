"""Pictures of the page, as data URIs."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from mmmaskattn.apis.report.evaluate import Example
from mmmaskattn_runtime import PictureError, colour_in, read_picture

PANEL, SHEET = 360, 720
"""Pixels of the longer side of a picture in a row of three, and of a drawn picture of predictions."""


def panels(example: Example) -> list[tuple[str, str]]:
    """Draw picture, truth and prediction.

    Args:
        example: The picture.

    Returns:
        Name and data URI of each; a picture that cannot be read any more is left grey.
    """
    try:
        picture = read_picture(example.path)
    except PictureError:
        picture = np.full((*example.truth.size, 3), 128, np.uint8)
    base = at_side(picture, PANEL)
    drawn = [('picture', base)]
    drawn += [(name, colour_in(base, one)) for name, one in (('truth', example.truth), ('found', example.prediction))]
    return [(name, data_uri(one)) for name, one in drawn]


def sheet(path: Path) -> str:
    """Give a drawn picture as a data URI.

    Args:
        path: Its file.

    Raises:
        PictureError: If it cannot be read.
    """
    picture = read_picture(path)
    return data_uri(at_side(picture, SHEET) if max(picture.shape[:2]) > SHEET else picture)


def at_side(picture: np.ndarray, side: int) -> np.ndarray:
    """Resize a picture: enlarge without smoothing, reduce by areas.

    Args:
        picture: RGB, uint8, (H, W, 3).
        side: Pixels of the longer side.
    """
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(
        Image.fromarray(picture).resize(size, Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX)
    )


def data_uri(picture: np.ndarray) -> str:
    """Encode RGB, uint8, (H, W, 3) as a JPEG within a URI."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, 'JPEG', quality=85)
    return f'data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}'
