"""Loading and checking of label maps."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.datasets.transforms.picture_file import (
    MAX_PIXELS,
    check_max_pixels,
    pillow_without_limit,
    read_picture,
    turn_upright,
)
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Count, Label


class SegMapLoader(BaseTransform):
    """Base of the transforms that read the picture at ``seg_map_path``.

    A sample without that key passes unchanged, so that one pipeline serves inference too.

    Args:
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels that a picture may have.
    """

    def __init__(self, backend_args: dict[str, Any] | None = None, max_pixels: Count = MAX_PIXELS) -> None:
        self.backend_args = backend_args
        self.max_pixels = check_max_pixels(max_pixels, type(self).__name__)

    def transform(self, results: dict) -> dict[str, Any]:
        """Load the picture of one sample."""
        path = results.get('seg_map_path')
        if path is not None:
            self.load(path, results)
        return results

    @abstractmethod
    def load(self, path: str, results: dict) -> None:
        """Read the picture and add what it holds.

        Args:
            path: The picture.
            results: Result dictionary, changed in place.
        """

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'


def read_label_image(
    path: str, backend_args: dict | None = None, backend: str = 'pillow', max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Read a picture of labels or ids as it is stored (with pillow, palette pictures give their indices).

    If it has EXIF data of its own, it is turned upright.

    Args:
        path: The file.
        backend_args: mmengine's file backend options.
        backend: mmcv's decoder, ``'pillow'`` or the quicker ``'cv2'``, which turns palettes into colours.
        max_pixels: The most pixels allowed.

    Returns:
        Array (H, W), or (H, W, C) for a picture with channels, in the BGR order of mmcv.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it cannot be decoded.
    """
    content, header = read_picture(path, backend_args, max_pixels)
    reason = 'no picture in it'
    picture = None
    try:
        with pillow_without_limit():
            if header is not None:
                picture = mmcv.imfrombytes(content, flag='unchanged', backend=backend)
    except Exception as error:  # the decoders raise OSError, SyntaxError, ValueError, struct.error, cv2.error ...
        reason = ' '.join(str(error).split())
    if header is None or picture is None:
        raise ValueError(f'{path}: cannot be decoded as a label PNG ({reason}). Fetch or write it again.')
    return turn_upright(picture, header.orientation)


@TRANSFORMS.register_module()
class LoadSegMap(SegMapLoader):
    """Load a label map (H, W) as uint8, applying ``reduce_zero_label`` and ``label_map`` as mmseg defines them.

    mmseg's `LoadAnnotations` does the same but wraps labels above 255 round without a word and does not name a file
    that it cannot decode; nor can it be used without mmseg. A sample without ``seg_map_path`` passes unchanged, so
    that one pipeline serves inference too.

    Required keys: ``seg_map_path``; ``reduce_zero_label`` and ``label_map`` if set by the data set. Added:
    ``gt_seg_map``; it is listed in ``seg_fields``.

    Args:
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels that a label map may have.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no picture, has colour channels, fractions, values above 255 or too many pixels.
    """

    def load(self, path: str, results: dict) -> None:
        """Load one label map.

        Args:
            path: The picture.
            results: Result dictionary, see the class; changed in place.
        """
        stored = read_label_map(path, self.backend_args, self.max_pixels)
        table = label_lookup_table(results.get('reduce_zero_label', False), results.get('label_map'))
        results['gt_seg_map'] = stored if table is None else table[stored]
        results.setdefault('seg_fields', []).append('gt_seg_map')


def read_label_map(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a picture of class indices as it is stored.

    Args:
        path: The file.
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels allowed.

    Returns:
        uint8 (H, W).

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no picture, has colour channels, fractions, or values that do not fit one byte.
    """
    return check_labels(read_label_image(path, backend_args, max_pixels=max_pixels), path)


def check_labels(stored: np.ndarray, path: str | Path) -> np.ndarray:
    """Check that an array can be class indices.

    Args:
        stored: Any array.
        path: Its file, for the message.

    Returns:
        uint8 (H, W).

    Raises:
        ValueError: If it has colour channels, fractions, or values that do not fit one byte.
    """
    if stored.ndim != 2:
        raise ValueError(
            f'{path}: a label picture of shape {stored.shape}, expected one channel (height, width) of '
            f'class indices. Colour-coded labels must be converted to indices first.'
        )
    if stored.dtype.kind not in 'bui':
        raise ValueError(f'{path}: labels of {stored.dtype}, expected whole numbers (class indices 0 to 255).')
    if stored.dtype != np.uint8 and stored.size and not 0 <= stored.min() <= stored.max() <= 255:
        raise ValueError(
            f'{path}: labels from {stored.min()} to {stored.max()} ({stored.dtype}), expected class '
            f'indices 0 to 255. Is this an instance map? Point seg_map_path at the semantic label pictures.'
        )
    return stored.astype(np.uint8, copy=False)


def label_lookup_table(reduce_zero_label: bool, label_map: dict | None) -> np.ndarray | None:
    """Table of 256 new labels, or None if nothing changes: ``reduce_zero_label`` first, then ``label_map``."""
    if not reduce_zero_label and not label_map:
        return None
    table = np.arange(256, dtype=np.uint8)
    if reduce_zero_label:
        table = np.concatenate([[255], table[:-1]]).astype(np.uint8)
        table[255] = 255
    if label_map:
        mapped = table.copy()
        for old, new in label_map.items():
            mapped[table == old] = new
        table = mapped
    return table


ONE_CLASS = (
    'expected two classes or more: with one alone nothing is told apart, and the loss is 0 from the start. Count the '
    'background as a class too (num_classes=2; for one output set decode_head.out_channels=1).'
)
"""Why a semantic model of one class cannot be trained, and what to do."""


@TRANSFORMS.register_module()
class CheckSegMap(BaseTransform):
    """Check that labels lie in the class range and that label and image have the same size.

    Put it after the label is loaded and before any resize. It costs one comparison per pixel. A sample without
    ``gt_seg_map`` passes unchanged.

    Required keys: ``gt_seg_map``, ``seg_map_path``, ``img_path``; ``ori_shape`` (the size of the file, since the
    image may be decoded at a reduced scale).

    Args:
        num_classes: Labels 0 to ``num_classes - 1`` are valid; 2 or more.
        ignore_index: The one further value allowed.

    Raises:
        ValueError: If a label is outside the range or the sizes differ; the message names the files and the values.
    """

    def __init__(self, num_classes: Count, ignore_index: Label = 255) -> None:
        if num_classes < 2:
            raise ValueError(f'CheckSegMap: num_classes={num_classes!r}: {ONE_CLASS}')
        self.num_classes = num_classes
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict[str, Any]:
        """Check one sample."""
        label_map = results.get('gt_seg_map')
        if label_map is not None:
            self._check_size(label_map, results)
            self._check_range(label_map, results)
        return results

    @staticmethod
    def _check_size(label_map: np.ndarray, results: dict) -> None:
        shape = results.get('ori_shape')
        if shape is not None and tuple(label_map.shape) != tuple(shape[:2]):
            raise ValueError(
                f'{results.get("seg_map_path")}: the label map is {label_map.shape} (height, width), but its image '
                f'{results.get("img_path")} is {tuple(shape[:2])}. Expected the same size: do the two belong together?'
            )

    def _check_range(self, label_map: np.ndarray, results: dict) -> None:
        wrong = (label_map >= self.num_classes) & (label_map != self.ignore_index)
        if wrong.any():
            values = np.unique(label_map[wrong]).tolist()
            raise ValueError(
                f'{results.get("seg_map_path")}: labels {values} on {int(wrong.sum())} pixels, expected 0 to '
                f'{self.num_classes - 1} or {self.ignore_index} (ignored). Check num_classes in the config, the '
                f"data set's reduce_zero_label, and that the file holds class indices."
            )

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_classes={self.num_classes}, ignore_index={self.ignore_index})'
