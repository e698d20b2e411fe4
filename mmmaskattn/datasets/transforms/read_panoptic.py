"""Reading of a COCO panoptic picture with its segments, each replaced by a value; failures name the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmmaskattn.datasets.panoptic_png import bgr_to_id, replace_ids
from mmmaskattn.datasets.transforms.load_seg_map import read_label_image


def read_panoptic(
    path: str, segments: Sequence[dict], values: Sequence[int], void: int, dtype: type, backend_args: dict | None = None
) -> np.ndarray:
    """Read a panoptic PNG as a map of the values given to its segments.

    Args:
        path: The PNG.
        segments: ``segments_info`` as the data set gives it: dictionaries with ``id``, each its own.
        values: One value per segment.
        void: Value of pixels of no segment (id 0).
        dtype: dtype of the result.
        backend_args: mmengine's file backend options.

    Returns:
        Array (H, W) of ``dtype``.

    Raises:
        FileNotFoundError: If the PNG is missing.
        ValueError: If it is no RGB picture or holds an id that ``segments`` do not list; named in the message.
    """
    picture = read_label_image(path, backend_args, 'cv2')
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            f'{path}: a picture of shape {picture.shape} ({picture.dtype}), expected the 8-bit RGB picture of a '
            f'COCO panoptic annotation (id = R + 256 G + 65536 B). Check the folder given as seg_map_path.'
        )
    known = [0, *(segment['id'] for segment in segments)]
    try:
        return replace_ids(bgr_to_id(picture), known, np.array([void, *values], dtype))
    except KeyError as error:
        raise ValueError(
            f'{path}: segment ids {error.args[0]} are in the picture but not among the segments_info of its json. '
            f'Check that json and pictures come from the same release and split.'
        ) from None
