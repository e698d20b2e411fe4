"""Areas, boxes and run-length codes of the segments of an id map."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mmmaskattn.datasets.panoptic_png import id_to_rgb

PLAIN_PNG = [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE, cv2.IMWRITE_PNG_COMPRESSION, 6]
"""No row filters: labels then take a third of the file and a quarter of the decoding time of OpenCV's own choice."""


class Extent(NamedTuple):
    """How large a segment is and where: ``area`` in pixels, ``bbox`` = [x, y, width, height]."""

    area: int
    bbox: list[int]


def measure_segments(ids: np.ndarray) -> dict[int, Extent]:
    """Measure every segment of an id map.

    Works on runs of equal ids in a row, of which there are a hundred times fewer than pixels.

    Args:
        ids: integer (H, W).

    Returns:
        The extent of each id that occurs, in ascending order of id.
    """
    height, width = ids.shape
    flat = ids.ravel()
    new_run = np.empty(flat.size, bool)
    new_run[1:] = flat[1:] != flat[:-1]
    new_run[::width] = True
    starts = np.flatnonzero(new_run)
    lengths = np.diff(starts, append=flat.size)
    found, index = np.unique(flat[starts], return_inverse=True)
    rows, left = np.divmod(starts, width)
    first_row, first_col = np.full(len(found), height), np.full(len(found), width)
    last_row, last_col = np.zeros(len(found), int), np.zeros(len(found), int)
    np.minimum.at(first_row, index, rows)
    np.maximum.at(last_row, index, rows)
    np.minimum.at(first_col, index, left)
    np.maximum.at(last_col, index, left + lengths - 1)
    areas = np.bincount(index, weights=lengths).astype(int)
    boxes = np.stack([first_col, first_row, last_col - first_col + 1, last_row - first_row + 1], axis=1)
    return {int(i): Extent(int(area), box) for i, area, box in zip(found, areas, boxes.tolist())}


def encode_mask(mask: np.ndarray) -> dict[str, Any]:
    """Encode a mask as COCO's compressed run-length code.

    Args:
        mask: bool (H, W).

    Returns:
        ``size`` [H, W] and ``counts`` (text), ready for json.
    """
    code = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {'size': list(code['size']), 'counts': code['counts'].decode('ascii')}


def panoptic_png(ids: np.ndarray) -> bytes:
    """Encode an id map as the PNG of COCO's panoptic format.

    Args:
        ids: integer (H, W), 0 = void.
    """
    return label_png(id_to_rgb(ids)[..., ::-1])


def label_png(labels: np.ndarray) -> bytes:
    """Encode a label map as a PNG.

    Args:
        labels: uint8 or uint16 (H, W), or uint8 (H, W, 3) in BGR order.
    """
    encoded, content = cv2.imencode('.png', np.ascontiguousarray(labels), PLAIN_PNG)
    if not encoded:
        raise ValueError(f'a label map of {labels.shape} ({labels.dtype}) could not be encoded as PNG.')
    return content.tobytes()
