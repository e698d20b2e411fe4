"""Shapes and textures of drawn scenes.

Each function returns a uint8 (height, width) map: 0 outside the thing, and the number of the part (1, 2, ...) inside.
Part p takes the kind's colour p - 1.
"""

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


Shape = Callable[[int, int], np.ndarray]


def _empty(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def _polygon(parts: np.ndarray, points: list[tuple[float, float]], part: int) -> None:
    """Fill a polygon given as fractions (x, y) of the map's width and height."""
    height, width = parts.shape
    corners = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in points]
    cv2.fillPoly(parts, [np.array(corners, np.int32)], part)


def _ellipse(parts: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], part: int) -> None:
    """Fill an ellipse given as fractions (x, y) of the map's width and height."""
    height, width = parts.shape
    middle = (round(centre[0] * (width - 1)), round(centre[1] * (height - 1)))
    axes = (max(1, int(radii[0] * (width - 1))), max(1, int(radii[1] * (height - 1))))
    cv2.ellipse(parts, middle, axes, 0, 0, 360, part, -1)


def person(height: int, width: int) -> np.ndarray:
    """Return a trunk, a head and two legs."""
    parts = _empty(height, width)
    _polygon(parts, [(0.25, 0.6), (0.48, 0.6), (0.44, 1), (0.2, 1)], 3)
    _polygon(parts, [(0.52, 0.6), (0.75, 0.6), (0.8, 1), (0.56, 1)], 3)
    _ellipse(parts, (0.5, 0.44), (0.5, 0.25), 1)
    _ellipse(parts, (0.5, 0.13), (0.27, 0.13), 2)
    return parts


def car(height: int, width: int) -> np.ndarray:
    """Return a low body, a cabin with glass and two wheels."""
    parts = _empty(height, width)
    _polygon(parts, [(0.2, 0.45), (0.33, 0), (0.72, 0), (0.86, 0.45)], 2)
    _polygon(parts, [(0, 0.4), (1, 0.4), (1, 0.82), (0, 0.82)], 1)
    for x in (0.22, 0.78):
        _ellipse(parts, (x, 0.8), (0.1, 0.2), 3)
    return parts


def bus(height: int, width: int) -> np.ndarray:
    """Return a tall box with a row of windows and two wheels."""
    parts = _empty(height, width)
    _polygon(parts, [(0, 0), (1, 0), (1, 0.87), (0, 0.87)], 1)
    for x in (0.06, 0.3, 0.54, 0.78):
        _polygon(parts, [(x, 0.15), (x + 0.16, 0.15), (x + 0.16, 0.45), (x, 0.45)], 2)
    for x in (0.2, 0.8):
        _ellipse(parts, (x, 0.86), (0.09, 0.14), 3)
    return parts


def bicycle(height: int, width: int) -> np.ndarray:
    """Return two wheels and a frame, filled as coarse annotations fill them."""
    parts = _empty(height, width)
    for x in (0.26, 0.74):
        _ellipse(parts, (x, 0.6), (0.26, 0.4), 2)
        _ellipse(parts, (x, 0.6), (0.15, 0.23), 1)
    _polygon(parts, [(0.26, 0.6), (0.4, 0.1), (0.68, 0.1), (0.74, 0.6), (0.5, 0.65)], 1)
    return parts


def ball(height: int, width: int) -> np.ndarray:
    """Return a disc with a coloured band."""
    parts = _empty(height, width)
    _ellipse(parts, (0.5, 0.5), (0.5, 0.5), 1)
    band = parts.copy()
    band[: round(height * 0.35)] = 0
    band[round(height * 0.65) :] = 0
    parts[band > 0] = 2
    return parts


def boat(height: int, width: int) -> np.ndarray:
    """Return a three-cornered sail over a hull."""
    parts = _empty(height, width)
    _polygon(parts, [(0.5, 0), (0.95, 0.72), (0.12, 0.72)], 1)
    _polygon(parts, [(0, 0.72), (1, 0.72), (0.8, 1), (0.2, 1)], 2)
    return parts


SHAPES: dict[str, Shape] = {f.__name__: f for f in (person, car, bus, bicycle, ball, boat)}
