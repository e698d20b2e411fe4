"""COCO panoptic pictures read as semantic label maps on the fly, with no conversion on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.datasets.transforms.load_seg_map import read_label_image
from mmmaskattn.registry import TRANSFORMS


def panoptic_ids(picture: np.ndarray) -> np.ndarray:
    """Segment ids of a COCO panoptic picture: R + 256 G + 65536 B.

    Args:
        picture: uint8 array (H, W, 3) in BGR order, as mmcv decodes.

    Returns:
        int32 array (H, W); 0 is void.
    """
    wide = picture.astype(np.int32)
    return wide[..., 2] + (wide[..., 1] << 8) + (wide[..., 0] << 16)


def ids_to_labels(ids: np.ndarray, segments: Sequence[dict], void_label: int) -> np.ndarray:
    """Replace segment ids by the labels of their segments.

    Args:
        ids: int32 array (H, W) of segment ids, 0 for void.
        segments: ``segments_info`` as the data set gives it: dictionaries with ``id`` and ``category`` (class index).
        void_label: Label of void pixels.

    Returns:
        uint8 array (H, W).

    Raises:
        KeyError: If an id has no segment; its argument is the list of such ids.
    """
    known = np.array([0] + [segment['id'] for segment in segments], np.int32)
    labels = np.array([void_label] + [segment['category'] for segment in segments], np.uint8)
    order = np.argsort(known)
    known, labels = known[order], labels[order]
    # Look up one pixel per run of equal ids: a segment is a few hundred runs but many thousand pixels.
    flat = ids.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    found = flat[starts]
    index = np.searchsorted(known, found).clip(max=len(known) - 1)
    unknown = known[index] != found
    if unknown.any():
        raise KeyError(np.unique(found[unknown]).tolist())
    return np.repeat(labels[index], np.diff(starts, append=flat.size)).reshape(ids.shape)


@TRANSFORMS.register_module()
class LoadPanopticAsSemantic(BaseTransform):
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
        self.void_label = void_label
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict[str, Any]:
        """Load one label map.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        path = results.get('seg_map_path')
        if path is None:
            return results
        picture = read_label_image(path, self.backend_args, 'cv2')
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f'{path}: a picture of shape {picture.shape} ({picture.dtype}), expected the 8-bit RGB picture of a '
                f'COCO panoptic annotation (id = R + 256 G + 65536 B). Check the folder given as seg_map_path.'
            )
        try:
            labels = ids_to_labels(panoptic_ids(picture), results['segments_info'], self.void_label)
        except KeyError as error:
            raise ValueError(
                f'{path}: segment ids {error.args[0]} are in the picture but not among the segments_info of its json. '
                f'Check that json and pictures come from the same release and split.'
            ) from None
        results['gt_seg_map'] = labels
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(void_label={self.void_label}, backend_args={self.backend_args})'
