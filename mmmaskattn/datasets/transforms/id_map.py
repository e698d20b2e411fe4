"""The truth of the instance and panoptic tasks on its way through a pipeline: one id map.

``gt_id_map`` is int32 (H, W): 0 = void (no segment, a class left out, padding), k >= 1 = segment k, described by
``segments[k - 1]``. Crowds are segments too, with ``iscrowd``: nothing is learned on their pixels, but the metrics need
to know where they are. The map is listed in ``seg_fields``, so that whatever resizes, crops, pads or flips label maps
at exact pixel centres does the same to instances, with no code for masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

IGNORE_LABEL = 255


class IdMap(NamedTuple):
    """An image cut into n segments that do not overlap.

    Attributes:
        ids: Integers (H, W): 0 = no segment, k >= 1 = segment k.
        labels: int64 (n + 1,), class index of each id; 255 (ignore) for 0.
        things: bool (n + 1,), whether it is a thing.
        crowds: bool (n + 1,), whether it is a crowd.
    """

    ids: np.ndarray
    labels: np.ndarray
    things: np.ndarray
    crowds: np.ndarray

    @classmethod
    def of_sample(cls, results: Mapping[str, Any]) -> IdMap:
        """Read the id map of a sample in a pipeline, ``gt_id_map`` with ``segments``."""
        segments = results['segments']
        labels = np.array([IGNORE_LABEL, *(segment['label'] for segment in segments)], np.int64)
        things = np.array([False, *(segment['isthing'] for segment in segments)], bool)
        crowds = np.array([False, *(segment['iscrowd'] for segment in segments)], bool)
        return cls(results['gt_id_map'], labels, things, crowds)

    @property
    def learned_labels(self) -> np.ndarray:
        """int64 (n + 1,): the labels, but 255 (ignore) for crowds too."""
        return np.where(self.crowds, IGNORE_LABEL, self.labels)

    @property
    def present(self) -> np.ndarray:
        """bool (n + 1,): whether the id has a pixel."""
        return np.bincount(self.ids.ravel(), minlength=len(self.labels)) > 0


def set_id_map(results: dict, ids: np.ndarray, segments: list[dict]) -> None:
    """Enter an id map into a sample.

    Args:
        results: Result dictionary.
        ids: int32 (H, W), 0 to ``len(segments)``.
        segments: Dictionaries with ``id``, ``label``, ``isthing``, ``iscrowd``.
    """
    results['gt_id_map'] = ids
    results['segments'] = segments
    fields = results.setdefault('seg_fields', [])
    if 'gt_id_map' not in fields:
        fields.append('gt_id_map')


def check_map_size(ids: np.ndarray, path: str, results: dict) -> None:
    """Check that annotation and image have the same size.

    Args:
        ids: (H, W).
        path: The annotation's file, for the message.
        results: Result dictionary; ``ori_shape`` is compared, if an image has been loaded.

    Raises:
        ValueError: If the sizes differ.
    """
    shape = results.get('ori_shape')
    if shape is not None and tuple(ids.shape) != tuple(shape[:2]):
        raise ValueError(
            f'{path}: the annotation is {ids.shape} (height, width), but its image {results.get("img_path")} is '
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
