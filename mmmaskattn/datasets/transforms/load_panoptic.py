"""Loading of COCO panoptic pictures: as an id map with its segments, or as a label map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmmaskattn.datasets.panoptic_png import bgr_to_id, replace_ids
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, check_map_size, check_stated_size, set_id_map
from mmmaskattn.datasets.transforms.load_seg_map import SegMapLoader, read_label_image
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Count, Label


def read_panoptic_ids(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read the segment ids of a panoptic PNG.

    Args:
        path: The PNG.
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels allowed.

    Returns:
        int32 (H, W), 0 for void.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no 8-bit RGB picture.
    """
    picture = read_label_image(path, backend_args, 'cv2', max_pixels)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            f'{path}: a picture of shape {picture.shape} ({picture.dtype}), expected the 8-bit RGB picture of a '
            f'COCO panoptic annotation (id = R + 256 G + 65536 B). Check the folder given as seg_map_path.'
        )
    return bgr_to_id(picture)


def read_panoptic(
    path: str,
    segments: Sequence[dict],
    values: np.ndarray,
    void: int,
    backend_args: dict | None = None,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Read a panoptic PNG as a map of the values given to its segments.

    Args:
        path: The PNG.
        segments: ``segments_info`` as the data set gives it: dictionaries with ``id``, each its own.
        values: One value per segment.
        void: Value of pixels of no segment (id 0).
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels allowed.

    Returns:
        Array (H, W) of the dtype of ``values``.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no RGB picture or holds an id that ``segments`` do not list; named in the message.
    """
    ids = read_panoptic_ids(path, backend_args, max_pixels)
    known = [0, *(segment['id'] for segment in segments)]
    try:
        return replace_ids(ids, known, np.concatenate([np.array([void], values.dtype), values]))
    except KeyError as error:
        raise ValueError(
            f'{path}: segment ids {error.args[0]} are in the picture but not among the segments_info of its json. '
            f'Check that json and pictures come from the same release and split.'
        ) from None


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
        max_pixels: The most pixels that a picture may have.

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
        check_stated_size(results)
        given = results['segments_info']
        segments = [
            dict(id=s['id'], label=s['category'], isthing=bool(s['isthing']), iscrowd=int(s['iscrowd'])) for s in given
        ]
        numbers = [0 if segment['label'] == IGNORE_LABEL else k for k, segment in enumerate(segments, 1)]
        ids = read_panoptic(path, given, np.array(numbers, np.int32), 0, self.backend_args, self.max_pixels)
        check_map_size(ids, path, results)
        set_id_map(results, ids, segments)


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
        max_pixels: The most pixels that a picture may have.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no RGB picture or holds an id that the json does not list; named in the message.
    """

    def __init__(
        self, void_label: Label = 255, backend_args: dict[str, Any] | None = None, max_pixels: Count = MAX_PIXELS
    ) -> None:
        super().__init__(backend_args, max_pixels)
        self.void_label = void_label

    def load(self, path: str, results: dict) -> None:
        """Load one label map.

        Args:
            path: The picture.
            results: Result dictionary, see the class; changed in place.
        """
        check_stated_size(results)
        segments = results['segments_info']
        labels = np.array([segment['category'] for segment in segments], np.uint8)
        results['gt_seg_map'] = read_panoptic(
            path, segments, labels, self.void_label, self.backend_args, self.max_pixels
        )
        results.setdefault('seg_fields', []).append('gt_seg_map')

    def __repr__(self) -> str:
        return f'{type(self).__name__}(void_label={self.void_label}, backend_args={self.backend_args})'
