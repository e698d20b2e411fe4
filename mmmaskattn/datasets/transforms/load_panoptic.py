"""COCO panoptic pictures read as one exclusive map of segments, with no panopticapi."""

from __future__ import annotations

import numpy as np

from mmmaskattn.datasets.transforms.read_panoptic import read_panoptic
from mmmaskattn.datasets.transforms.seg_map_loader import SegMapLoader
from mmmaskattn.datasets.transforms.segment_map import IGNORE_LABEL, check_map_size, set_segment_map
from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadPanoptic(SegMapLoader):
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

    def load(self, path: str, results: dict) -> None:
        """Load one id map.

        Args:
            path: The picture.
            results: Result dictionary, see the class; changed in place.
        """
        given = results['segments_info']
        segments = [
            dict(id=s['id'], label=s['category'], isthing=bool(s['isthing']), iscrowd=int(s['iscrowd'])) for s in given
        ]
        numbers = [0 if segment['label'] == IGNORE_LABEL else k for k, segment in enumerate(segments, 1)]
        id_map = read_panoptic(path, given, numbers, 0, np.int32, self.backend_args)
        check_map_size(id_map, path, results)
        set_segment_map(results, id_map, segments)
