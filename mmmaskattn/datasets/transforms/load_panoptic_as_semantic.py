"""COCO panoptic pictures read as semantic label maps on the fly, with no conversion on disk."""

from __future__ import annotations

import numpy as np

from mmmaskattn.datasets.transforms.read_panoptic import read_panoptic
from mmmaskattn.datasets.transforms.seg_map_loader import SegMapLoader
from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadPanopticAsSemantic(SegMapLoader):
    """Load a COCO panoptic PNG and its ``segments_info`` as a semantic label map.

    Crowd segments count as their class, as in the semantic maps that detectron2 and mmdet derive. A sample without
    ``seg_map_path`` passes unchanged, so that one pipeline serves inference too.

    Required keys: ``seg_map_path`` (the panoptic PNG), ``segments_info`` (dictionaries with ``id`` and ``category``,
    the class index). Added: ``gt_seg_map`` (H, W) uint8; it is listed in ``seg_fields``.

    Args:
        void_label: Label of pixels of no segment (id 0), the ignore index.
        backend_args: mmengine's file backend options.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no RGB picture or holds an id that the json does not list; named in the message.
    """

    def __init__(self, void_label: int = 255, backend_args: dict | None = None) -> None:
        super().__init__(backend_args)
        self.void_label = void_label

    def load(self, path: str, results: dict) -> None:
        """Load one label map.

        Args:
            path: The picture.
            results: Result dictionary, see the class; changed in place.
        """
        segments = results['segments_info']
        labels = [segment['category'] for segment in segments]
        results['gt_seg_map'] = read_panoptic(path, segments, labels, self.void_label, np.uint8, self.backend_args)
        results.setdefault('seg_fields', []).append('gt_seg_map')

    def __repr__(self) -> str:
        return f'{type(self).__name__}(void_label={self.void_label}, backend_args={self.backend_args})'
