"""Scenes that can only be labelled by looking far: a legend at the top says what the colours below mean.

::

    +------------------+   A swatch, a colour with a mark: a bar, a disc or a cross. The regions in the lower half have
    | [/]              |   its colour, and the class of its mark. Colour and mark are drawn anew for every picture, so a
    |                  |   region by itself says nothing.
    |   ##      %%     |
    |      ++++    ##  |   ``images/{train,val}/*.png``; ``labels/`` of the same stems: 0 = background and legend,
    +------------------+   1 to 3 = the class of the mark; ``classes.txt``.
"""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from mmmaskattn.data_tools.mini.shapes import smooth_noise
from mmmaskattn.data_tools.mini.write import LayoutWriter, write_picture

CLASSES = ('background', 'bar', 'disc', 'cross')
PALETTE = ((90, 90, 90), (220, 60, 40), (40, 120, 220), (240, 200, 40))
SWATCHES = 1
"""With three, each for its own colour, `tiny` stays at chance: docs/explanation/attention.md."""
REGIONS = 6


class LegendWriter(LayoutWriter):
    """Writes pictures with a legend; all of the size asked for."""

    def native_size(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size as it is: distances to the legend stay the same."""
        return size

    def write(self, rng: np.random.Generator, size: tuple[int, int], split: str, index: int) -> None:
        """Draw and write one picture and its labels."""
        picture, labels = draw_legend_scene(rng, *size)
        write_picture(self.root / 'images' / split / f'{index:05d}.png', picture)
        write_picture(self.root / 'labels' / split / f'{index:05d}.png', labels)

    def finish(self) -> None:
        """Write ``classes.txt``, the classes in the order of their labels."""
        (self.root / 'classes.txt').write_text('\n'.join(CLASSES) + '\n', encoding='utf-8')


def draw_legend_scene(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw one scene.

    Args:
        rng: the only source of chance.
        height, width: size in pixels.

    Returns:
        uint8 (H, W, 3) RGB picture, and uint8 (H, W) labels, indices into `CLASSES`.
    """
    canvas = np.full((height, width, 3), rng.uniform(90, 160), np.float32)
    canvas += 12 * smooth_noise(rng, height, width, 12)[..., None]
    labels = np.zeros((height, width), np.uint8)
    colours = _colours(rng)
    marks = rng.permutation(len(CLASSES) - 1) + 1
    for place, (colour, mark) in enumerate(zip(colours, marks)):
        _draw_swatch(canvas, place, colour, CLASSES[mark])
    for _ in range(REGIONS):
        choice = int(rng.integers(SWATCHES))
        region = _region(rng, height, width)
        canvas[region] = colours[choice]
        labels[region] = marks[choice]
    canvas += rng.normal(0, 6, canvas.shape)
    return np.clip(canvas, 0, 255).astype(np.uint8), labels


def _colours(rng: np.random.Generator) -> np.ndarray:
    """Return colours equally far apart on the circle of hues, float32 (swatches, 3)."""
    first = rng.random()
    hues = [(first + place / SWATCHES) % 1 for place in range(SWATCHES)]
    colours = [colorsys.hsv_to_rgb(hue, rng.uniform(0.7, 1), rng.uniform(0.7, 1)) for hue in hues]
    return np.array(colours, np.float32) * 255


def _draw_swatch(canvas: np.ndarray, place: int, colour: np.ndarray, mark: str) -> None:
    """Draw one square of the legend with its mark in black; sides are sixths of the picture's width."""
    side = canvas.shape[1] // 6
    top, left = side // 4, side // 2 + place * (side + side // 2)
    square = np.empty((side, side, 3), np.float32)
    square[:] = colour
    middle, reach = side // 2, side // 3
    black, thick = (0.0, 0.0, 0.0), max(1, side // 7)
    if mark == 'disc':
        cv2.circle(square, (middle, middle), reach, black, -1)
    else:
        cv2.line(square, (middle - reach, middle), (middle + reach, middle), black, thick)
    if mark == 'cross':
        cv2.line(square, (middle, middle - reach), (middle, middle + reach), black, thick)
    canvas[top : top + side, left : left + side] = square


def _region(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return the mask of an ellipse whose centre is in the lower half, bool (H, W)."""
    mask = np.zeros((height, width), np.uint8)
    centre = int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.6, 0.95) * height)
    axes = int(rng.uniform(0.05, 0.14) * width), int(rng.uniform(0.05, 0.12) * height)
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return mask > 0
