"""COCO panoptic pictures read as one exclusive map of segments, with no panopticapi."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.datasets.transforms.read_panoptic import read_panoptic
from mmmaskattn.datasets.transforms.segment_map import IGNORE_LABEL, check_map_size, set_segment_map
from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadPanoptic(BaseTransform):
    """Load a COCO panoptic PNG and its ``segments_info`` as an id map, the truth of the panoptic task.

    Void pixels and segments of classes left out (label 255) get id 0. A sample without ``seg_map_path`` passes
    unchanged, so that one pipeline serves inference too.

    Required keys: ``seg_map_path`` (the panoptic PNG), ``segments_info`` (dictionaries with ``id``, ``category`` (class
    index), ``isthing``, ``iscrowd``). Added: ``gt_id_map`` int32 (H, W), 0 = void, k = segment k, listed in
    ``seg_fields``; ``segments``: list, entry k - 1 describes segment k by ``id`` (in the PNG), ``label``, ``isthing``,
    ``iscrowd``. Segments of classes left out keep their entry and have no pixels.

    Args:
        backend_args: mmengine's file backend options.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no RGB picture, of another size than the image, or holds an id that the json does not
            list; named in the message.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict[str, Any]:
        """Load one id map.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        path = results.get('seg_map_path')
        if path is None:
            return results
        given = results['segments_info']
        segments = [
            dict(id=s['id'], label=s['category'], isthing=bool(s['isthing']), iscrowd=int(s['iscrowd'])) for s in given
        ]
        numbers = [0 if segment['label'] == IGNORE_LABEL else k for k, segment in enumerate(segments, 1)]
        id_map = read_panoptic(path, given, numbers, 0, np.int32, self.backend_args)
        check_map_size(id_map, path, results)
        set_segment_map(results, id_map, segments)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'
