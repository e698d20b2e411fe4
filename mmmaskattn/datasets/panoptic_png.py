"""The segment ids of COCO panoptic pictures: id = R + 256 G + 65536 B, 0 = void."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAX_ID = 256**3 - 1


def rgb_to_id(picture: np.ndarray) -> np.ndarray:
    """Decode a panoptic picture.

    Args:
        picture: uint8 array (..., 3) in RGB order.

    Returns:
        int32 array (...); 0 is void.
    """
    wide = picture.astype(np.int32)
    return wide[..., 0] + (wide[..., 1] << 8) + (wide[..., 2] << 16)


def id_to_rgb(ids: np.ndarray) -> np.ndarray:
    """Encode a map of segment ids.

    Args:
        ids: Integer array (...), 0 to `MAX_ID`.

    Returns:
        uint8 array (..., 3) in RGB order.

    Raises:
        ValueError: If an id does not fit 24 bits.
    """
    if ids.size and not 0 <= ids.min() <= ids.max() <= MAX_ID:
        raise ValueError(f'id_to_rgb: ids from {ids.min()} to {ids.max()}, expected 0 to {MAX_ID} (three bytes).')
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)


def replace_ids(ids: np.ndarray, known: Sequence[int], values: np.ndarray) -> np.ndarray:
    """Replace every id of a map by a value of its own.

    Args:
        ids: int32 array (H, W).
        known: The ids that may occur, each once.
        values: Array (len(known),): what takes the place of each.

    Returns:
        Array (H, W) of the dtype of ``values``.

    Raises:
        KeyError: If an id is not known; its argument is the list of such ids.
    """
    table = np.asarray(known, np.int64)
    order = np.argsort(table)
    table, values = table[order], values[order]
    # Look up one pixel per run of equal ids: a segment is a few hundred runs but many thousand pixels.
    flat = ids.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    found = flat[starts]
    index = np.searchsorted(table, found).clip(max=len(table) - 1)
    unknown = table[index] != found
    if unknown.any():
        raise KeyError(np.unique(found[unknown]).tolist())
    return np.repeat(values[index], np.diff(starts, append=flat.size)).reshape(ids.shape)
