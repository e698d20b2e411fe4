"""Pictures drawn for tests: an image whose label map is known exactly."""

from __future__ import annotations

import cv2
import numpy as np


def disc(size: tuple[int, int], centre: tuple[float, float], radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A white disc on black and its label map (1 on the disc); centre is (row, column), continuous."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    return np.repeat(inside[..., None], 3, axis=2).astype(np.uint8) * 255, inside.astype(np.uint8)


def centre_of_mass(weights: np.ndarray) -> np.ndarray:
    """(row, column) of the weights' centre, relative to the array's size, pixel centres at (i + 1/2) / length."""
    weights = weights.astype(np.float64)
    total = weights.sum()
    axes = [(np.arange(length) + 0.5) / length for length in weights.shape]
    return np.array([weights.sum(1) @ axes[0], weights.sum(0) @ axes[1]]) / total


def smooth_photo(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A smooth random colour picture (H, W, 3) with objects of hard edges."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 255, (6, 8, 3)).astype(np.uint8)
    picture = cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(picture, (size[1] // 5, size[0] // 4), (size[1] // 2, size[0] // 2), (10, 240, 30), -1)
    return picture


def save_jpeg(path: str, picture: np.ndarray, orientation: int = 1) -> str:
    """Write a JPEG, with an EXIF orientation if it is not 1."""
    from PIL import Image

    image = Image.fromarray(picture[..., ::-1].copy())
    exif = image.getexif()
    if orientation != 1:
        exif[0x0112] = orientation
    image.save(path, quality=95, exif=exif)
    return path
