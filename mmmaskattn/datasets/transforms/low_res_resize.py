"""The low-resolution resize: exact pixel centres for labels, area means for images, sizes as (H, W).

``cv2.INTER_NEAREST`` reads source pixel ``floor(i * src / dst)``, the left edge of a target pixel, while the image
is resampled about its centre: at 640 -> 128 labels come from columns 0, 5, 10, ... and the image from around 2, 7,
12, ..., so labels are shifted by two source pixels. Here both use the centre.
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Positive, Size

MIN_SIZE = 16


def check_size(size: Size, option: str = 'size') -> tuple[int, int]:
    """Turn a size option into (H, W).

    Args:
        size: One integer for a square, or (H, W), in pixels.
        option: Name of the option, for the error message.

    Returns:
        (H, W), both at least 16.

    Raises:
        ValueError: If it is not one or two integers, or one is below 16 (the network halves its input four times).
    """
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(side, int) for side in pair):
        raise ValueError(
            f'{option}={size!r}: expected an integer or (height, width) in pixels, for example (128, 128).'
        )
    if min(pair) < MIN_SIZE:
        raise ValueError(
            f'{option}={size!r}: expected at least {MIN_SIZE} pixels in height and width, because the network '
            f'halves its input four times. Choose a larger size.'
        )
    return pair[0], pair[1]


def scale_size(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Scale (H, W) by ``ratio``, rounded to whole pixels and at least 1.

    Args:
        size: (H, W) in pixels.
        ratio: Factor for both axes.

    Returns:
        The scaled (H, W).
    """
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


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


Protocol = Literal['lowres', 'native']


def picture_extent(results: dict) -> tuple[float, float]:
    """Height and width of the picture inside ``results['img']``, in its pixels.

    They are the array's own, unless `LoadLowResImage` decoded at 1/d of an image whose sides d does not divide: the
    last row or column then stands for less than d pixels.

    Args:
        results: Result dictionary with ``img`` and, after a reduced decode, ``decode_scale`` and ``ori_shape``.

    Returns:
        (height, width), possibly fractional.
    """
    scale = results.get('decode_scale', 1)
    if scale == 1:
        height, width = results['img'].shape[:2]
        return height, width
    return results['ori_shape'][0] / scale, results['ori_shape'][1] / scale


def resize_picture(results: dict, size: tuple[int, int]) -> None:
    """Resize ``img`` in place of the old one and record ``img_shape``, ``scale_factor`` (w, h) and ``keep_ratio``.

    Args:
        results: Result dictionary with ``img``, and ``ori_shape`` unless that is the image's.
        size: Target (H, W).
    """
    native = results.setdefault('ori_shape', results['img'].shape[:2])
    results['img'] = resize_image(results['img'], size, picture_extent(results))
    results['decode_scale'] = 1
    results['img_shape'] = size
    results['scale_factor'] = scale_factor(native, size)
    results['keep_ratio'] = False


def scale_factor(ori_shape: tuple[int, int], img_shape: tuple[int, int]) -> tuple[float, float]:
    """What leads from ``ori_shape`` to ``img_shape``: mmdet divides boxes by it and gets them at ``ori_shape``.

    Args:
        ori_shape: (H, W) at which prediction and truth meet.
        img_shape: (H, W) of the network's input.

    Returns:
        (w, h), the order of mmcv and mmdet.
    """
    return img_shape[1] / ori_shape[1], img_shape[0] / ori_shape[0]


def resize_seg_fields(results: dict, size: tuple[int, int]) -> None:
    """Resize every map named in ``seg_fields`` at exact pixel centres.

    Args:
        results: Result dictionary.
        size: Target (H, W).
    """
    for key in results.get('seg_fields', []):
        results[key] = resize_labels(results[key], size)


@TRANSFORMS.register_module()
class LowResResize(BaseTransform):
    """Resize to the network's input size: the image by area, labels by exact pixel centres, aspect ratio not kept.

    Required keys: ``img``; ``ori_shape`` if known; the maps named in ``seg_fields``. Modified: ``img``,
    ``img_shape``, ``ori_shape``, the maps.
    Added: ``scale_factor`` (w, h), from ``ori_shape`` as it is left to ``img_shape``; ``keep_ratio``.

    Args:
        size: The network's input size, one integer or (H, W) in pixels, at least 16.
        protocol: ``'lowres'`` also resizes the labels and sets ``ori_shape`` to ``size``, so that prediction and
            truth meet at the network's size. ``'native'`` leaves labels and ``ori_shape`` as they are, so that the
            host resizes its logits to the original size and meets the official truth. It is a matter of evaluation:
            a picture with no labels to meet keeps its ``ori_shape``, and gets its prediction there, under both.
        scale: The image alone is resized to ``scale * size`` (test-time augmentation); the protocol's size of truth
            and prediction stays.

    Raises:
        ValueError: If the size is under 16 or not two integers, the protocol unknown, or the scale not positive.
    """

    def __init__(self, size: Size, protocol: Protocol = 'lowres', scale: Positive = 1.0) -> None:
        self.size = check_size(size, 'LowResResize: size')
        self.protocol = protocol
        self.scale = scale

    def transform(self, results: dict) -> dict[str, Any]:
        """Resize one sample."""
        resize_picture(results, scale_size(self.size, self.scale))
        if self.protocol == 'lowres' and results.get('seg_fields'):
            resize_seg_fields(results, self.size)
            results['ori_shape'] = self.size
            results['scale_factor'] = scale_factor(self.size, results['img_shape'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, protocol={self.protocol!r}, scale={self.scale})'
