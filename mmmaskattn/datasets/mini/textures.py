"""Textures of the drawn scenes: random fields of values in about [-1, 1], one function for each character."""

from __future__ import annotations

from typing import Callable

import cv2
import numpy as np

Texture = Callable[[np.random.Generator, int, int], np.ndarray]


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell: float) -> np.ndarray:
    """Return noise in [-1, 1] whose grains are about ``cell`` pixels wide, as a float32 (height, width) array."""
    rows, cols = max(2, round(height / cell)), max(2, round(width / cell))
    grid = rng.random((rows, cols), dtype=np.float32) * 2 - 1
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)


def clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return soft, large blobs."""
    return smooth_noise(rng, height, width, 40)


def leaves(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return blobs of the size of a bunch of leaves, with hard edges."""
    return np.clip(3 * smooth_noise(rng, height, width, 5), -1, 1)


def grain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return grain of about one pixel."""
    return smooth_noise(rng, height, width, 1.5)


def stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return slanted stripes 6 to 10 pixels apart."""
    period, slant, phase = rng.uniform(6, 10), rng.uniform(-0.5, 0.5), rng.uniform(0, 6)
    distance = np.arange(height, dtype=np.float32)[:, None] + np.float32(slant) * np.arange(width, dtype=np.float32)
    return np.sin(distance * np.float32(2 * np.pi / period) + np.float32(phase))


def bricks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return rows of bricks, each second row shifted by half a brick, with dark joints."""
    tall = int(rng.integers(5, 8))
    y, x = np.arange(height)[:, None], np.arange(width)[None]
    shifted = x + (y // tall % 2) * tall
    joints = (y % tall == 0) | (shifted % (2 * tall) == 0)
    return np.where(joints, -1.0, 0.6).astype(np.float32)


def tiles(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a chequered floor of square tiles."""
    side = int(rng.integers(8, 13))
    board = (np.arange(height)[:, None] // side + np.arange(width)[None] // side) % 2
    return (board * 2 - 1).astype(np.float32)


TEXTURES: dict[str, Texture] = {f.__name__: f for f in (clouds, leaves, grain, stripes, bricks, tiles)}
