"""Resize of image and labels to the network's low-resolution input, under either evaluation protocol."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform

from mmmaskattn.datasets.transforms.resampling import resize_image, resize_labels
from mmmaskattn.datasets.transforms.sizes import Size, check_size, scale_size
from mmmaskattn.registry import TRANSFORMS

PROTOCOLS = ('lowres', 'native')


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
        results: Result dictionary with ``img`` and, where known, ``ori_shape``.
        size: Target (H, W).
    """
    native = results.get('ori_shape', results['img'].shape[:2])
    results['img'] = resize_image(results['img'], size, picture_extent(results))
    results['decode_scale'] = 1
    results['img_shape'] = size
    results['scale_factor'] = (size[1] / native[1], size[0] / native[0])
    results['keep_ratio'] = False


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
    Added: ``scale_factor`` (w, h), ``keep_ratio``.

    Args:
        size: The network's input size, one integer or (H, W) in pixels, at least 16.
        protocol: ``'lowres'`` also resizes the labels and sets ``ori_shape`` to ``size``, so that prediction and
            truth meet at the network's size. ``'native'`` leaves labels and ``ori_shape`` as they are, so that the
            host resizes its logits to the original size and meets the official truth.
        scale: The image alone is resized to ``scale * size`` (test-time augmentation); the protocol's size of truth
            and prediction stays.

    Raises:
        ValueError: If the size is under 16 or not two integers, the protocol unknown, or the scale not positive.
    """

    def __init__(self, size: Size, protocol: str = 'lowres', scale: float = 1.0) -> None:
        if protocol not in PROTOCOLS:
            raise ValueError(f'LowResResize: protocol={protocol!r}: expected one of {PROTOCOLS}.')
        if scale <= 0:
            raise ValueError(f'LowResResize: scale={scale!r}: expected a positive factor, for example 1.25.')
        self.size = check_size(size, 'LowResResize: size')
        self.protocol = protocol
        self.scale = scale

    def transform(self, results: dict) -> dict[str, Any]:
        """Resize one sample.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        resize_picture(results, scale_size(self.size, self.scale))
        if self.protocol == 'lowres':
            resize_seg_fields(results, self.size)
            results['ori_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, protocol={self.protocol!r}, scale={self.scale})'
