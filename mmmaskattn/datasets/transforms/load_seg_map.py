"""Loading of semantic label maps whose failures name the file."""

from __future__ import annotations

import mmcv
import numpy as np
from mmengine import fileio

from mmmaskattn.datasets.transforms.seg_map_loader import SegMapLoader
from mmmaskattn.registry import TRANSFORMS


def read_label_image(path: str, backend_args: dict | None = None, backend: str = 'pillow') -> np.ndarray:
    """Read a picture of labels or ids as it is stored (with pillow, palette pictures give their indices).

    Args:
        path: The file.
        backend_args: mmengine's file backend options.
        backend: mmcv's decoder, ``'pillow'`` or the quicker ``'cv2'``, which turns palettes into colours.

    Returns:
        Array (H, W), or (H, W, C) for a picture with channels, in the BGR order of mmcv.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it cannot be decoded.
    """
    content = fileio.get(path, backend_args=backend_args)
    reason = 'no picture in it'
    try:
        picture = mmcv.imfrombytes(content, flag='unchanged', backend=backend) if content else None
    except (OSError, SyntaxError) as error:
        picture, reason = None, str(error)
    if picture is None:
        raise ValueError(f'{path}: cannot be decoded as a label PNG ({reason}). Fetch or write it again.')
    return picture


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

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no picture, has colour channels, or holds values above 255.
    """

    def load(self, path: str, results: dict) -> None:
        """Load one label map.

        Args:
            path: The picture.
            results: Result dictionary, see the class; changed in place.
        """
        stored = _check_stored(read_label_image(path, self.backend_args), path)
        table = label_lookup_table(results.get('reduce_zero_label', False), results.get('label_map'))
        results['gt_seg_map'] = stored if table is None else table[stored]
        results.setdefault('seg_fields', []).append('gt_seg_map')


def _check_stored(label_map: np.ndarray, path: str) -> np.ndarray:
    """Refuse what does not fit one byte per pixel."""
    if label_map.ndim != 2:
        raise ValueError(
            f'{path}: a label picture of shape {label_map.shape}, expected one channel (height, width) of '
            f'class indices. Colour-coded labels must be converted to indices first.'
        )
    if label_map.dtype != np.uint8:
        if label_map.size and not 0 <= label_map.min() <= label_map.max() <= 255:
            raise ValueError(
                f'{path}: labels from {label_map.min()} to {label_map.max()} ({label_map.dtype}), expected class '
                f'indices 0 to 255. Is this an instance map? Point seg_map_path at the semantic label pictures.'
            )
        label_map = label_map.astype(np.uint8)
    return label_map


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
