"""Drawing of random scenes: textured stuff with curved boundaries, and over it things, crowds and void."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np

from mmmaskattn.data_tools.mini.scene import BACKDROPS, BACKGROUNDS, GROUNDS, KINDS, THINGS, VOID, Kind, Scene
from mmmaskattn.data_tools.mini.shapes import SHAPES, TEXTURES, smooth_noise

EMPTY_SHARE, CROWD_SHARE, VOID_SHARE, PAIR_SHARE = 0.1, 0.15, 0.3, 0.35
MIN_AREA = 16
"""Objects with fewer visible pixels become void."""


def draw_scene(rng: np.random.Generator, height: int, width: int, names: Collection[str]) -> Scene:
    """Draw one scene.

    Args:
        rng: the only source of chance.
        height, width: size in pixels.
        names: names of the kinds that may appear.

    Returns:
        The scene. One in ten has no things.
    """
    scene = Scene.empty(height, width)
    _draw_stuff(rng, scene, names)
    things = [kind for kind in THINGS if kind.name in names]
    if things and rng.random() >= EMPTY_SHARE:
        _draw_things(rng, scene, things)
    if rng.random() < VOID_SHARE:
        _draw_void(rng, scene)
    scene.drop_hidden(MIN_AREA)
    scene.image = _photograph(rng, scene.image)
    return scene


def _curve(rng: np.random.Generator, length: int, middle: float, swing: float) -> np.ndarray:
    """Return a smooth random curve of ``length`` values around ``middle``."""
    t = np.linspace(0, 2 * np.pi, length)
    curve = np.full(length, middle)
    for wave in (1, 2, 3):
        curve += swing * rng.uniform(-1, 1) / wave * np.sin(wave * t * 0.7 + rng.uniform(0, 6))
    return curve


def _draw_stuff(rng: np.random.Generator, scene: Scene, names: Collection[str]) -> None:
    """Lay out sky, a backdrop of up to two kinds and a ground of up to two kinds."""
    height, width = scene.kinds.shape
    y, x = np.arange(height)[:, None], np.arange(width)[None]
    horizon = _curve(rng, width, rng.uniform(0.2, 0.45) * height, 0.08 * height)[None]
    ground = horizon + np.abs(_curve(rng, width, rng.uniform(0.05, 0.35) * height, 0.08 * height))[None]
    bands = [(y < horizon, BACKGROUNDS), ((y >= horizon) & (y < ground), BACKDROPS), (y >= ground, GROUNDS)]
    for mask, kinds in bands:
        left = x < _curve(rng, height, rng.uniform(-0.2, 1.2) * width, 0.15 * width)[:, None]
        choice = [kind for kind in kinds if kind.name in names]
        first, second = (choice[i] for i in rng.choice(len(choice), 2, replace=len(choice) < 2))
        _paint_stuff(rng, scene, mask & left, first)
        _paint_stuff(rng, scene, mask & ~left, second)


def _paint_stuff(rng: np.random.Generator, scene: Scene, mask: np.ndarray, kind: Kind) -> None:
    """Paint one region of stuff."""
    if not mask.any():
        return
    surface = _surface(rng, kind, np.ones(mask.shape, np.uint8))
    scene.image[mask] = surface[mask]
    scene.kinds[mask] = KINDS.index(kind)


def _surface(rng: np.random.Generator, kind: Kind, parts: np.ndarray) -> np.ndarray:
    """Return the uint8 (h, w, 3) surface of a map of parts: each part's colour, varied, plus the kind's texture."""
    colours = np.array([(0, 0, 0), *kind.colours], np.float32)
    colours += rng.normal(0, 14, (len(colours), 3)).astype(np.float32)
    texture = TEXTURES[kind.texture](rng, *parts.shape) * np.float32(kind.contrast)
    return cv2.convertScaleAbs(np.clip(colours[parts] + texture[..., None], 0, 255))


def _draw_things(rng: np.random.Generator, scene: Scene, things: Sequence[Kind]) -> None:
    """Draw 1 to 9 things, far ones first and smaller, sometimes a touching neighbour, sometimes a crowd."""
    height, width = scene.kinds.shape
    for depth in np.sort(rng.random(int(rng.integers(1, 8)))):
        kind = things[int(rng.integers(len(things)))]
        tall = _thing_height(rng, kind, min(height, width), float(depth))
        top = int(height * (0.3 + 0.6 * depth) - tall * rng.uniform(0.4, 0.9))
        left = int(rng.uniform(-0.1, 0.9) * width)
        _paint_thing(rng, scene, kind, (top, left, tall), scene.add_object(kind))
        if rng.random() < PAIR_SHARE:
            beside = left + int(0.9 * tall / kind.aspect)
            _paint_thing(rng, scene, kind, (top, beside, tall), scene.add_object(kind))
    if rng.random() < CROWD_SHARE:
        _draw_crowd(rng, scene, things[int(rng.integers(len(things)))])


def _thing_height(rng: np.random.Generator, kind: Kind, short_side: int, depth: float) -> int:
    """Return a thing's height in pixels: log-uniform over a factor of 3, near things larger, wide things lower."""
    scale = np.exp(rng.uniform(np.log(0.12), np.log(0.36))) * (0.6 + 0.8 * depth)
    return max(6, int(short_side * scale * np.sqrt(kind.aspect) * 1.3))


def _draw_crowd(rng: np.random.Generator, scene: Scene, kind: Kind) -> None:
    """Draw a row of small overlapping things as one crowd object."""
    height, width = scene.kinds.shape
    number = scene.add_object(kind, crowd=True)
    tall = max(6, int(min(height, width) * 0.12 * np.sqrt(kind.aspect)))
    top, left = rng.uniform(0.35, 0.7) * height, rng.uniform(0, 0.6) * width
    for step in range(int(rng.integers(4, 8))):
        corner = (int(top + rng.uniform(-2, 3)), int(left + step * 0.7 * tall / kind.aspect), tall)
        _paint_thing(rng, scene, kind, corner, number)


def _paint_thing(rng: np.random.Generator, scene: Scene, kind: Kind, box: tuple[int, int, int], number: int) -> None:
    """Paint a thing over what is there; ``box`` is (top, left, height), and what lies outside the image is cut off."""
    top, left, tall = box
    parts = SHAPES[kind.shape](tall, max(4, round(tall / kind.aspect)))
    if rng.random() < 0.5:
        parts = np.ascontiguousarray(parts[:, ::-1])
    surface = _surface(rng, kind, parts)
    height, width = scene.kinds.shape
    rows = slice(max(0, top), min(height, top + parts.shape[0]))
    cols = slice(max(0, left), min(width, left + parts.shape[1]))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return
    inner = (slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left))
    mask = parts[inner] > 0
    scene.image[rows, cols][mask] = surface[inner][mask]
    scene.kinds[rows, cols][mask] = KINDS.index(kind)
    scene.instances[rows, cols][mask] = number


def _draw_void(rng: np.random.Generator, scene: Scene) -> None:
    """Cover a small ellipse with something that no class describes."""
    height, width = scene.kinds.shape
    mask = np.zeros((height, width), np.uint8)
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    axes = (max(2, int(rng.uniform(0.02, 0.07) * width)), max(2, int(rng.uniform(0.02, 0.07) * height)))
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    covered = mask > 0
    scene.image[covered] = rng.integers(0, 256, (int(covered.sum()), 3), dtype=np.uint8)
    scene.kinds[covered] = VOID
    scene.instances[covered] = 0


def _photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Add what a camera adds: exposure, tint, uneven light and noise."""
    height, width = image.shape[:2]
    gains = rng.uniform(0.75, 1.15) * rng.uniform(0.94, 1.06, 3)
    light = (1 + 0.15 * smooth_noise(rng, height, width, max(height, width) / 2))[..., None]
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * 6
    photo = image * gains.astype(np.float32) * light + noise
    return np.clip(photo, 0, 255).astype(np.uint8)
