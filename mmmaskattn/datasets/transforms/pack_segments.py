"""Masks and boxes of instances as mmdet's structures, and the packing of samples."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.datasets.transforms import PackDetInputs
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, labels_to_learn
from mmmaskattn.registry import TRANSFORMS


def tight_boxes(masks: np.ndarray) -> np.ndarray:
    """Boxes that just hold the masks.

    Args:
        masks: (n, H, W), each with at least one pixel set.

    Returns:
        float32 (n, 4): x1, y1, x2, y2 in pixels; x2 and y2 are the far edges, so that x2 - x1 is the width.
    """
    columns, rows = np.asarray(masks.any(axis=1)), np.asarray(masks.any(axis=2))
    x1, y1 = columns.argmax(axis=1), rows.argmax(axis=1)
    x2 = columns.shape[1] - columns[:, ::-1].argmax(axis=1)
    y2 = rows.shape[1] - rows[:, ::-1].argmax(axis=1)
    return np.stack([x1, y1, x2, y2], axis=1).astype(np.float32)


@TRANSFORMS.register_module()
class MakeInstances(BaseTransform):
    """Derive mmdet's truth from the id map, at the size that it has by now.

    Put it after all geometric transforms, before mmdet's `PackDetInputs`. Masks and boxes so fit each other and the
    label map to the pixel. Things without a pixel left are dropped. Crowds, of things or stuff, are instances to
    ignore, which `PackDetInputs` packs as ``ignored_instances``; their pixels are ignored in the label map. A sample
    without ``gt_id_map`` passes unchanged.

    Required keys: ``gt_id_map``, ``segments`` (see `LoadPanoptic`, `LoadInstances`). Added: ``gt_masks`` (BitmapMasks
    (n, H, W) uint8), ``gt_bboxes`` (HorizontalBoxes (n, 4), x1 y1 x2 y2 in pixels), ``gt_bboxes_labels`` int64 (n,),
    ``gt_ignore_flags`` bool (n,), True for crowds; ``gt_seg_map`` uint8 (H, W), class index, 255 = ignore (void,
    crowd); ``ignore_index``.
    """

    def transform(self, results: dict) -> dict[str, Any]:
        """Derive the truth of one sample.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        id_map = results.get('gt_id_map')
        if id_map is None:
            return results
        segments = results['segments']
        labels = np.array([IGNORE_LABEL, *(segment['label'] for segment in segments)], np.int64)
        crowd = np.array([False, *(segment['iscrowd'] for segment in segments)], bool)
        is_thing = np.array([False, *(segment['isthing'] for segment in segments)], bool)
        present = np.bincount(id_map.ravel(), minlength=len(labels)) > 0
        kept = np.flatnonzero(present & (is_thing | crowd))
        masks = (id_map[None] == kept[:, None, None].astype(id_map.dtype)).astype(np.uint8)
        results['gt_masks'] = BitmapMasks(masks, *id_map.shape)
        results['gt_bboxes'] = HorizontalBoxes(torch.from_numpy(tight_boxes(masks)))
        results['gt_bboxes_labels'] = labels[kept]
        results['gt_ignore_flags'] = crowd[kept]
        results['gt_seg_map'] = labels_to_learn(segments).astype(np.uint8)[id_map]
        results['ignore_index'] = IGNORE_LABEL
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class PackSegments(PackDetInputs):
    """mmdet's `PackDetInputs` that also packs what `FindSeeds` found, if it has run.

    ``gt_seed_points`` and ``gt_seed_radii`` become ``gt_instances.seed_points`` float32 (n, 2) and
    ``gt_instances.seed_radii`` float32 (n,), those of ignored instances fields of ``ignored_instances``.

    Args:
        meta_keys: See `PackDetInputs`.
    """

    mapping_table: ClassVar[dict[str, str]] = {
        **PackDetInputs.mapping_table,
        'gt_seed_points': 'seed_points',
        'gt_seed_radii': 'seed_radii',
    }
