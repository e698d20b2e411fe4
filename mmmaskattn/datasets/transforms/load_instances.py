"""Instance masks (run-length codes or polygons, as in COCO) painted into one id map."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from pycocotools import mask as coco_mask

from mmmaskattn.datasets.transforms.coco_masks import instance_code
from mmmaskattn.datasets.transforms.id_map import check_map_size, check_stated_size, set_id_map
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Label


def paint_instances(codes: list[dict], crowds: list[bool], size: tuple[int, int], background: int) -> np.ndarray:
    """Paint masks into one map: crowds below all others, and the large below the small.

    Args:
        codes: Compressed run-length codes.
        crowds: Whether each is a crowd.
        size: (H, W).
        background: Value of pixels of no mask.

    Returns:
        int32 (H, W): mask k of the list has value k, from 1.
    """
    ids = np.full(size, background, np.int32)
    areas = [int(coco_mask.area(code)) for code in codes]  # one by one: pycocotools takes no list of over 255
    for index in sorted(range(len(codes)), key=lambda i: (not crowds[i], -areas[i])):
        ids[coco_mask.decode(codes[index]).astype(bool)] = index + 1
    return ids


@TRANSFORMS.register_module()
class LoadInstances(BaseTransform):
    """Paint the instances of a sample into an id map, the truth of the instance task.

    Crowds hide no instance: where both are, the instance is painted. All pixels of neither are one background segment
    of label T, the number of thing classes. A sample without ``instances`` passes unchanged, so that one pipeline
    serves inference too.

    Required keys: ``instances`` (mmdet's: dictionaries with ``mask``, ``bbox_label``, ``ignore_flag``; ``id`` if
    known), ``background_label`` (our data sets give it) or the option; ``ori_shape``, or ``height`` and ``width``.
    Added: ``gt_id_map`` int32 (H, W) and ``segments`` as `LoadPanoptic` gives them; the background is the last segment.

    Args:
        background_label: Number of thing classes, for a data set that does not put ``background_label`` into its
            samples.

    Raises:
        ValueError: If a mask is missing, empty of polygons, or of another size than the image; the message names the
            image, the instance and the value.
    """

    def __init__(self, background_label: Label | None = None) -> None:
        self.background_label = background_label

    def transform(self, results: dict) -> dict[str, Any]:
        """Paint one id map."""
        if results.get('instances') is None:
            return results
        check_stated_size(results)
        instances, size = results['instances'], self._size(results)
        segments = [
            dict(id=one.get('id', i), label=one['bbox_label'], isthing=True, iscrowd=int(one['ignore_flag']))
            for i, one in enumerate(instances)
        ]
        codes = [self._code(one, segment['id'], size, results) for one, segment in zip(instances, segments)]
        crowds = [bool(segment['iscrowd']) for segment in segments]
        segments.append(dict(id=0, label=self._background(results), isthing=False, iscrowd=0))
        ids = paint_instances(codes, crowds, size, len(segments))
        check_map_size(ids, 'the instance json', results)
        set_id_map(results, ids, segments)
        return results

    def _background(self, results: dict) -> int:
        label = results.get('background_label', self.background_label)
        if label is None:
            raise ValueError(
                'LoadInstances: background_label=None and the data set gives none. Pass the number of thing classes, '
                "for example dict(type='mmmaskattn.LoadInstances', background_label=80)."
            )
        return label

    @staticmethod
    def _size(results: dict) -> tuple[int, int]:
        """(H, W) that the masks are drawn on: the json's, so that a wrong one is found."""
        if 'height' in results and 'width' in results:
            return results['height'], results['width']
        return tuple(results['ori_shape'][:2])

    @staticmethod
    def _code(instance: dict, number: int, size: tuple[int, int], results: dict) -> dict:
        """Run-length code of one instance, with an error that names the image."""
        try:
            return instance_code(instance, number, size)
        except ValueError as error:
            raise ValueError(f'{results.get("img_path")}: {error}') from None

    def __repr__(self) -> str:
        return f'{type(self).__name__}(background_label={self.background_label})'
