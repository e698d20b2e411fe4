"""Images for drawing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np


def to_rgb(image: Any, norm: dict | None = None, channel_order: str = 'bgr') -> np.ndarray:
    """Turn a pipeline's image into RGB, uint8.

    Args:
        image: Array (H, W), (H, W, C) or tensor (C, H, W), of any number type.
        norm: ``img_norm_cfg`` of mmcv's ``Normalize`` (``mean``, ``std``, ``to_rgb``) if that step was done; it is
            undone.
        channel_order: Order of the pipeline's images, ``'bgr'`` or ``'rgb'``.

    Returns:
        uint8 array (H, W, 3). Other than three channels: the first one, as grey.
    """
    if hasattr(image, 'detach'):
        image = image.detach().cpu().numpy().transpose(1, 2, 0)
    picture = image if image.ndim == 3 else image[..., None]
    if norm is not None:
        picture = picture * np.asarray(norm['std']) + np.asarray(norm['mean'])
        channel_order = 'rgb' if norm.get('to_rgb') else channel_order
    if picture.shape[2] != 3:
        picture = np.repeat(picture[..., :1], 3, axis=2)
    elif channel_order == 'bgr':
        picture = picture[..., ::-1]
    return np.ascontiguousarray(picture.round().clip(0, 255) if picture.dtype != np.uint8 else picture).astype(np.uint8)


def fitted_shape(shape: tuple[int, int], box: int) -> tuple[int, int]:
    """Size at which an array is shown in a square frame.

    A small one is enlarged by a whole factor, so that its pixels are squares of equal size; a large one is reduced.

    Args:
        shape: (H, W) of the array.
        box: Side of the frame in pixels.

    Returns:
        (H, W), neither over ``box``.
    """
    longest = max(shape)
    factor = box // longest if longest <= box else box / longest
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def fit_image(image: np.ndarray, box: int) -> np.ndarray:
    """Enlarge an image by nearest neighbour, or reduce it by area, to fit a square frame.

    Args:
        image: Array (H, W, 3), uint8.
        box: Side of the frame in pixels.

    Returns:
        Array (h, w, 3) of the size that `fitted_shape` gives.
    """
    height, width = fitted_shape(image.shape[:2], box)
    method = cv2.INTER_AREA if max(image.shape[:2]) > box else cv2.INTER_NEAREST_EXACT
    return cv2.resize(image, (width, height), interpolation=method)
