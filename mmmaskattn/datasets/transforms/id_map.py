"""The truth of the instance and panoptic tasks on its way through a pipeline: one exclusive map of segments.

``gt_id_map`` is int32 (H, W): 0 = void (no segment, a class left out, padding), k >= 1 = segment k, described by
``segments[k - 1]``. Crowds are segments too, with ``iscrowd``: nothing is learned on their pixels, but the metrics need
to know where they are. The map is listed in ``seg_fields``, so that whatever resizes, crops, pads or flips label maps
at exact pixel centres does the same to instances, with no code for masks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

IGNORE_LABEL = 255


def set_segment_map(results: dict, id_map: np.ndarray, segments: list[dict]) -> None:
    """Enter a map and its segments into a sample.

    Args:
        results: Result dictionary.
        id_map: int32 (H, W), 0 to ``len(segments)``.
        segments: Dictionaries with ``id``, ``label``, ``isthing``, ``iscrowd``.
    """
    results['gt_id_map'] = id_map
    results['segments'] = segments
    fields = results.setdefault('seg_fields', [])
    if 'gt_id_map' not in fields:
        fields.append('gt_id_map')


def labels_to_learn(segments: Sequence[dict]) -> np.ndarray:
    """Label of each value of an id map.

    Args:
        segments: Dictionaries with ``label`` and ``iscrowd``.

    Returns:
        int64 (len(segments) + 1,): 255 (ignore) for 0 and for crowds, else the segment's label.
    """
    labels = [IGNORE_LABEL if segment['iscrowd'] else segment['label'] for segment in segments]
    return np.array([IGNORE_LABEL, *labels], np.int64)


def check_map_size(id_map: np.ndarray, path: str, results: dict) -> None:
    """Check that annotation and image have the same size.

    Args:
        id_map: (H, W).
        path: The annotation's file, for the message.
        results: Result dictionary; ``ori_shape`` is compared, if an image has been loaded.

    Raises:
        ValueError: If the sizes differ.
    """
    shape = results.get('ori_shape')
    if shape is not None and tuple(id_map.shape) != tuple(shape[:2]):
        raise ValueError(
            f'{path}: the annotation is {id_map.shape} (height, width), but its image {results.get("img_path")} is '
            f'{tuple(shape[:2])}. Expected the same size: do the two belong together?'
        )


def check_stated_size(results: dict) -> None:
    """Check that an image is as large as its annotation says.

    Args:
        results: Result dictionary; ``height`` and ``width`` are compared with ``ori_shape``, if all are known.

    Raises:
        ValueError: If they differ.
    """
    stated, shape = (results.get('height'), results.get('width')), results.get('ori_shape')
    if shape is not None and None not in stated and stated != tuple(shape[:2]):
        raise ValueError(
            f'{results.get("img_path")}: the image is {tuple(shape[:2])} (height, width), but its annotation says '
            f'{stated}. Expected the same size: do the two belong together?'
        )
