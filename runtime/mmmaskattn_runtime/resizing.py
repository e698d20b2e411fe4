"""Pictures made smaller by exact means of areas, in little memory; maps enlarged by their nearest values."""

from __future__ import annotations

import numpy as np


def shrink(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Make a picture smaller: each new pixel is the mean over its area; row after row, so that no copy is made.

    Args:
        picture: uint8 (H, W, 3).
        size: (h, w); an axis that is not longer stays as it is.

    Returns:
        uint8 (min(H, h), min(W, w), 3).
    """
    height, width = (min(old, new) for old, new in zip(picture.shape, size))
    if (height, width) == picture.shape[:2]:
        return picture
    rows, columns = _shares(picture.shape[0], height), _shares(picture.shape[1], width)
    across = np.zeros((picture.shape[1], width), np.float32)
    for place, (first, weights) in enumerate(columns):
        across[first : first + len(weights), place] = weights
    small = np.empty((height, width, 3), np.uint8)
    for place, (first, weights) in enumerate(rows):
        line = np.zeros(picture.shape[1] * 3, np.float32)
        for weight, row in zip(weights, picture[first : first + len(weights)]):
            line += weight * row.reshape(-1)
        small[place] = np.rint(across.T @ line.reshape(-1, 3)).clip(0, 255)
    return small


def _shares(old: int, new: int) -> list[tuple[int, np.ndarray]]:
    """For each new place the first old one that it covers, and the share of each that it covers; shares sum to 1."""
    found = []
    for place in range(new):
        first, last = place * old // new, -(-(place + 1) * old // new)
        edges = np.arange(first, last + 1) * new
        covered = np.minimum(edges[1:], (place + 1) * old) - np.maximum(edges[:-1], place * old)
        found.append((first, (covered / old).astype(np.float32)))
    return found


def nearest(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Enlarge or reduce a map by the values under the middles of the new pixels.

    Args:
        values: (H, W).
        shape: (h, w).

    Returns:
        (h, w); the map itself if that is its size.
    """
    if values.shape == tuple(shape):
        return values
    places = [(2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(shape, values.shape)]
    return values[places[0]][:, places[1]]
