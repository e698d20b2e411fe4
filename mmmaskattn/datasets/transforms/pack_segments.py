"""The map of instances, masks and boxes as mmdet's structures, and the packing of samples."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.datasets.transforms import PackDetInputs
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import PixelData

from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, IdMap
from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MakeInstances(BaseTransform):
    """Derive the truth of heads and metrics from the id map, at the size that it has by now.

    Put it after all geometric transforms, before the packing. All that it makes fits to the pixel. Things without a
    pixel left are dropped. Crowds, of things or stuff, are instances to ignore, which are packed as
    ``ignored_instances``; their pixels are ignored in the label map. A sample without ``gt_id_map`` passes unchanged.

    Required keys: ``gt_id_map``, ``segments`` (see `LoadPanoptic`, `LoadInstances`). Added: ``gt_instance_map`` int16
    (H, W) (int32 for more than 32767 instances), 0 = no instance, k = row k - 1 of the next two, the things before the
    crowds; ``gt_bboxes_labels`` int64 (n,); ``gt_ignore_flags`` bool (n,), True for crowds; ``gt_seg_map`` uint8
    (H, W), class index, 255 = ignore (void, crowd); ``ignore_index``. With ``masks`` also ``gt_masks`` (BitmapMasks
    (n, H, W) uint8) and ``gt_bboxes`` (HorizontalBoxes (n, 4), x1 y1 x2 y2 in pixels, x2 - x1 is the width).

    Args:
        masks: Whether to make masks and boxes, which mmdet's detectors learn from. `BottomUpPanoptic`, the metrics and
            `InstanceDataPreprocessor` take the map.
    """

    def __init__(self, masks: bool = True) -> None:
        self.masks = masks

    def transform(self, results: dict) -> dict[str, Any]:
        """Derive the truth of one sample."""
        if results.get('gt_id_map') is None:
            return results
        id_map = IdMap.of_sample(results)
        things = np.flatnonzero(id_map.present & id_map.things & ~id_map.crowds)
        rows = np.concatenate([things, np.flatnonzero(id_map.present & id_map.crowds)])
        numbers = np.zeros(len(id_map.labels), np.int16 if len(rows) < 2**15 else np.int32)
        numbers[rows] = np.arange(1, len(rows) + 1)
        results['gt_instance_map'] = numbers[id_map.ids]
        results['gt_bboxes_labels'] = id_map.labels[rows]
        results['gt_ignore_flags'] = id_map.crowds[rows]
        results['gt_seg_map'] = id_map.learned_labels.astype(np.uint8)[id_map.ids]
        results['ignore_index'] = IGNORE_LABEL
        if self.masks:
            masks = (id_map.ids == rows[:, None, None].astype(id_map.ids.dtype)).astype(np.uint8)
            results['gt_masks'] = BitmapMasks(masks, *id_map.ids.shape)
            results['gt_bboxes'] = results['gt_masks'].get_bboxes('hbox')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(masks={self.masks})'


@TRANSFORMS.register_module()
class PackSegments(PackDetInputs):
    """mmdet's `PackDetInputs` that also packs the map of instances and what `FindSeeds` found, if it has run.

    ``gt_instance_map`` becomes ``gt_instance_map.ids`` (1, H, W): 0 = no instance, 1 to n = row of ``gt_instances``,
    n + 1 to n + m = row of ``ignored_instances``. ``gt_seed_points`` and ``gt_seed_radii`` become
    ``gt_instances.seed_points`` float32 (n, 2) and ``gt_instances.seed_radii`` float32 (n,), those of ignored instances
    fields of ``ignored_instances``.

    Args:
        meta_keys: See `PackDetInputs`.
    """

    mapping_table: ClassVar[dict[str, str]] = {
        **PackDetInputs.mapping_table,
        'gt_seed_points': 'seed_points',
        'gt_seed_radii': 'seed_radii',
    }

    def transform(self, results: dict) -> dict[str, Any]:
        """Pack one sample.

        Args:
            results: Result dictionary, see the class and `PackDetInputs`.

        Returns:
            ``inputs`` and ``data_samples``.
        """
        if results.get('img_path') is None:  # of an array: mmdet's inferencer numbers the file then
            results = {key: value for key, value in results.items() if key != 'img_path'}
        packed = super().transform(results)
        if results.get('gt_instance_map') is not None:
            ids = torch.from_numpy(results['gt_instance_map'][None])
            packed['data_samples'].gt_instance_map = PixelData(ids=ids)
        return packed
