"""Microscope pictures with nuclei, drawn: what models of nuclei can be shown on without anybody's pictures."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mmmaskattn.data_tools.mini.shapes import smooth_noise

DARK, STAINED = 'dark', 'stained'
KINDS = (DARK, STAINED)
TRIES = 30
"""Places tried for each nucleus before it is left out."""
_GROUND = {DARK: (9, 9, 10), STAINED: (231, 203, 221)}
_BODY = {DARK: (150, 150, 152), STAINED: (122, 84, 158)}
_SPREAD = {DARK: 70, STAINED: 22}


class NucleiPicture(NamedTuple):
    """A drawn picture.

    Attributes:
        image: RGB, uint8, (H, W, 3).
        ids: int32 (H, W), the number of the nucleus, from 1; 0 outside.
    """

    image: np.ndarray
    ids: np.ndarray


def draw_nuclei(
    seed: int, size: tuple[int, int], number: int, radius: float, kind: str = DARK, touching: float = 0.0
) -> NucleiPicture:
    """Draw nuclei.

    Args:
        seed: The only source of chance.
        size: (H, W) in pixels.
        number: How many; fewer where there is no room.
        radius: Their mean radius in pixels.
        kind: ``'dark'``: they glow on dark ground; ``'stained'``: they are violet on rose.
        touching: How far they may reach into each other, as a part of their radius.

    Returns:
        The picture.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f'kind: found {kind!r}, expected one of {", ".join(KINDS)}')
    rng = np.random.default_rng(seed)
    height, width = size
    ids = np.zeros(size, np.int32)
    ground = np.array(_GROUND[kind], np.float32) + 6 * smooth_noise(rng, height, width, 0.3 * min(size))[..., None]
    image = np.broadcast_to(ground, (*size, 3)).copy()
    for place in _places(rng, size, number, radius, touching):
        mask = _ellipse(rng, size, place, radius)
        shade = np.array(_BODY[kind], np.float32) + rng.uniform(-1, 1) * _SPREAD[kind]
        texture = 0.15 * _SPREAD[kind] * smooth_noise(rng, height, width, max(1.5, radius / 3))
        image[mask] = shade + texture[mask][:, None]
        ids[mask] = ids.max() + 1
    noisy = cv2.GaussianBlur(image, (0, 0), max(0.6, radius / 14)) + rng.normal(0, 1.5, (*size, 1))
    return NucleiPicture(noisy.clip(0, 255).astype(np.uint8), ids)


def _places(
    rng: np.random.Generator, size: tuple[int, int], number: int, radius: float, touching: float
) -> list[np.ndarray]:
    """Centres (y, x), far enough from each other and from the edge."""
    places: list[np.ndarray] = []
    apart = 2.3 * radius * (1 - touching)
    for _ in range(number * TRIES):
        place = rng.uniform(1.2 * radius, np.array(size) - 1.2 * radius)
        if all(np.linalg.norm(place - other) > apart for other in places):
            places.append(place)
        if len(places) == number:
            break
    return places


def _ellipse(rng: np.random.Generator, size: tuple[int, int], place: np.ndarray, radius: float) -> np.ndarray:
    """A filled ellipse, bool (H, W)."""
    mask = np.zeros(size, np.uint8)
    axes = radius * rng.uniform(0.8, 1.15, 2)
    centre = (float(place[1]), float(place[0]))
    cv2.ellipse(mask, (centre, tuple((2 * axes).tolist()), float(rng.uniform(0, 180))), 1, -1)
    return mask > 0
