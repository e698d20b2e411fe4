"""Time of loading a JPEG for a low-resolution input: full decode against a reduced one."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile

from mmmaskattn.datasets.transforms import LoadLowResImage, LowResResize
from mmmaskattn.datasets.transforms.low_res_resize import resize_image


class DecodeTiming(NamedTuple):
    """Result of one comparison.

    Attributes:
        native_size: (H, W) of the JPEG.
        size: The network's (H, W).
        decode_scale: Divisor that the reduced decode chose.
        full_ms: Median milliseconds of full decode and resize.
        reduced_ms: Median milliseconds of reduced decode and resize.
        ratio: Median over rounds of reduced time / full time.
        repeats: Rounds.
        conditions: What it was measured with, in words.
    """

    native_size: tuple[int, int]
    size: tuple[int, int]
    decode_scale: int
    full_ms: float
    reduced_ms: float
    ratio: float
    repeats: int
    conditions: str

    def table(self) -> str:
        """Markdown table of the comparison.

        Returns:
            Four lines and a line of conditions.
        """
        return '\n'.join(
            [
                '| native (H x W) | input (H x W) | decoded at | full decode, ms | reduced decode, ms | ratio |',
                '|---|---|---|---|---|---|',
                f'| {self.native_size[0]}x{self.native_size[1]} | {self.size[0]}x{self.size[1]} '
                f'| 1/{self.decode_scale} | {self.full_ms:.2f} | {self.reduced_ms:.2f} | {self.ratio:.2f} |',
                '',
                self.conditions,
            ]
        )


def photo_like(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Draw a picture whose detail falls off with frequency about as a photograph's does.

    Args:
        size: (H, W).
        seed: Random seed.

    Returns:
        uint8 array (H, W, 3).
    """
    generator = np.random.default_rng(seed)
    picture = np.zeros((*size, 3), np.float32)
    side = 4
    while side <= max(size):
        noise = generator.standard_normal((side, side, 3)).astype(np.float32)
        picture += resize_image(noise, size) * (80 / side**0.5)
        side *= 2
    return np.clip(picture + 128, 0, 255).astype(np.uint8)


def benchmark_decode(
    native_size: tuple[int, int] = (1200, 1600), size: tuple[int, int] = (128, 128), repeats: int = 20
) -> DecodeTiming:
    """Time both ways of loading one JPEG (quality 90), in interleaved rounds, with one OpenCV thread.

    Args:
        native_size: (H, W) of the JPEG.
        size: The network's (H, W).
        repeats: Rounds; each runs both ways once, after one round of warm-up.

    Returns:
        The timing; print its ``table()``.
    """
    loaders = {'full': LoadImageFromFile(), 'reduced': LoadLowResImage(size)}
    resize = LowResResize(size)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / 'photo.jpg')
            cv2.imwrite(path, photo_like(native_size), [cv2.IMWRITE_JPEG_QUALITY, 90])
            scale = loaders['reduced'](dict(img_path=path))['decode_scale']
            rounds = [
                {name: _seconds(partial(_load, way, resize, path)) for name, way in loaders.items()}
                for _ in range(repeats + 1)
            ][1:]
    finally:
        cv2.setNumThreads(threads)
    return DecodeTiming(
        native_size,
        size,
        scale,
        statistics.median(r['full'] for r in rounds) * 1e3,
        statistics.median(r['reduced'] for r in rounds) * 1e3,
        statistics.median(r['reduced'] / r['full'] for r in rounds),
        repeats,
        f'Decode and resize of a JPEG of quality 90; median of {repeats} interleaved rounds, 1 OpenCV thread, OpenCV '
        f'{cv2.__version__}, {os.cpu_count()} CPU cores.',
    )


def _load(loader: LoadImageFromFile, resize: LowResResize, path: str) -> None:
    """Load one file and resize it."""
    resize(loader(dict(img_path=path)))


def _seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
