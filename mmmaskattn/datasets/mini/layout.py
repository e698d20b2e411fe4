"""What every layout's writer shares: which kinds it knows, the sizes of its images, and how files are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from mmmaskattn.datasets.mini.scene import Scene

SPLITS = ('train', 'val')
JPEG_QUALITY = 92


class LayoutWriter(ABC):
    """Writes scenes into one official folder layout.

    Args:
        root: the folder that the layout's own folders go into.

    Attributes:
        class_of: official class name of each kind that the layout can hold.
    """

    class_of: ClassVar[dict[str, str]]

    def __init__(self, root: Path) -> None:
        self.root = root

    def native_size(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
        """Return one image's (height, width): ``size`` scaled by 0.75 to 1.25, upright one time in four."""
        height, width = (round(side * rng.uniform(0.75, 1.25)) for side in size)
        return (width, height) if rng.random() < 0.25 else (height, width)

    @abstractmethod
    def add(self, scene: Scene, split: str, index: int) -> None:
        """Write one scene's files; ``index`` counts from 0 within the split."""

    @abstractmethod
    def finish(self) -> None:
        """Write the files that describe the whole set."""


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a picture, making its folder.

    Args:
        path: target; .jpg for photographs, .png for exact values.
        picture: (H, W) uint8 or uint16, or (H, W, 3) uint8 in RGB order.

    Raises:
        OSError: the file could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.ascontiguousarray(picture[..., ::-1]) if picture.ndim == 3 else picture
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == '.jpg' else [cv2.IMWRITE_PNG_COMPRESSION, 3]
    if not cv2.imwrite(str(path), stored, options):
        raise OSError(f'{path}: could not be written; check the free space and the rights on {path.parent}.')
