"""Resampling that keeps image and labels aligned: images by area, labels at exact pixel centres.

``cv2.INTER_NEAREST`` reads source pixel ``floor(i * src / dst)``, the left edge of a target pixel, while the image
is resampled about its centre: at 640 -> 128 labels come from columns 0, 5, 10, ... and the image from around 2, 7,
12, ..., so labels are shifted by two source pixels. Here both use the centre.
"""

from __future__ import annotations

import cv2
import numpy as np


def nearest_centre_index(src: int, dst: int) -> np.ndarray:
    """Source indices under the centres of the target pixels, in exact integer arithmetic.

    The centre of target pixel ``i`` lies at ``(i + 1/2) * src / dst``; the source pixel that holds it is the floor
    of that.

    Args:
        src: Length of the source axis in pixels.
        dst: Length of the target axis in pixels.

    Returns:
        int64 array of shape (dst,), values in [0, src).
    """
    return (2 * np.arange(dst, dtype=np.int64) + 1) * src // (2 * dst)


def resize_labels(
    label_map: np.ndarray, size: tuple[int, int], window: tuple[slice, slice] | None = None
) -> np.ndarray:
    """Resize a map of labels (or ids) by taking the value under each target pixel's centre.

    Args:
        label_map: Shape (H, W) or (H, W, C), any dtype; values are kept as they are.
        size: Target (H, W).
        window: Rows and columns of the target that are wanted, if not all: what lies outside is not computed.

    Returns:
        Contiguous array of shape (size[0], size[1]) or (size[0], size[1], C), or that of the window; the input itself,
        or a view of it, if the size is its own.
    """
    rows, columns = window or (slice(None), slice(None))
    if label_map.shape[:2] == tuple(size):
        return label_map[rows, columns]
    row_index = nearest_centre_index(label_map.shape[0], size[0])[rows]
    column_index = nearest_centre_index(label_map.shape[1], size[1])[columns]
    return label_map.take(row_index, axis=0).take(column_index, axis=1)


def resize_image(image: np.ndarray, size: tuple[int, int], extent: tuple[float, float] | None = None) -> np.ndarray:
    """Resize an image: by area along an axis that shrinks, bilinearly along one that grows.

    Args:
        image: Shape (H, W) or (H, W, C), uint8 or float32.
        size: Target (H, W).
        extent: (height, width) of the picture inside ``image`` in pixels, fractions allowed, from the top left
            corner. A JPEG decoded at 1/8 of 1025 columns has 129 columns, of which the picture covers 128.125.
            Default: all of ``image``.

    Returns:
        Array of shape (size[0], size[1]) or (size[0], size[1], C) of the image's dtype.
    """
    height, width = extent or image.shape[:2]
    if (height, width) == tuple(size) and image.shape[:2] == tuple(size):
        return image
    shrinks = (size[0] <= height, size[1] <= width)
    if shrinks[0] == shrinks[1]:
        return _resize(image, size, (height, width), cv2.INTER_AREA if shrinks[0] else cv2.INTER_LINEAR)
    # One axis shrinks, the other grows: cv2's area mode would drop to bilinear for both, so shrink first.
    between = (size[0] if shrinks[0] else image.shape[0], size[1] if shrinks[1] else image.shape[1])
    covered = (height, float(image.shape[1])) if shrinks[0] else (float(image.shape[0]), width)
    left = (float(size[0]), width) if shrinks[0] else (height, float(size[1]))
    return _resize(_resize(image, between, covered, cv2.INTER_AREA), size, left, cv2.INTER_LINEAR)


def _resize(image: np.ndarray, size: tuple[int, int], extent: tuple[float, float], mode: int) -> np.ndarray:
    """Resize the part ``extent`` of ``image``; cv2 takes exact factors only when it is given no target size."""
    if tuple(extent) == image.shape[:2]:
        return cv2.resize(image, (size[1], size[0]), interpolation=mode)
    resized = cv2.resize(image, None, fx=size[1] / extent[1], fy=size[0] / extent[0], interpolation=mode)
    return np.ascontiguousarray(resized[: size[0], : size[1]])
