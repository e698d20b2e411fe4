"""Writing a mini data set: what every layout shares, checked options, a set that is either whole or not there."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from mmengine.utils import track_iter_progress

from mmmaskattn.data_tools.mini.draw import draw_scene
from mmmaskattn.data_tools.mini.scene import Scene

SPLITS = ('train', 'val')
JPEG_QUALITY = 92


class LayoutWriter(ABC):
    """Writes scenes into one official folder layout.

    Args:
        root: the folder that the layout's own folders go into.

    Attributes:
        class_of: official class name of each kind that the layout can hold.
    """

    class_of: ClassVar[dict[str, str]] = {}

    def __init__(self, root: Path) -> None:
        self.root = root

    def native_size(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
        """Return one image's (height, width): ``size`` scaled by 0.75 to 1.25, upright one time in four."""
        height, width = (round(side * rng.uniform(0.75, 1.25)) for side in size)
        return (width, height) if rng.random() < 0.25 else (height, width)

    @abstractmethod
    def write(self, rng: np.random.Generator, size: tuple[int, int], split: str, index: int) -> None:
        """Draw one scene of (height, width) and write its files; ``index`` counts from 0 within the split."""

    @abstractmethod
    def finish(self) -> None:
        """Write the files that describe the whole set."""


class SceneWriter(LayoutWriter):
    """Base of the layouts that hold drawn streets and shores."""

    def write(self, rng: np.random.Generator, size: tuple[int, int], split: str, index: int) -> None:
        """Draw one scene and add it."""
        self.add(draw_scene(rng, *size, self.class_of), split, index)

    @abstractmethod
    def add(self, scene: Scene, split: str, index: int) -> None:
        """Write one scene's files."""


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


MARKER = '.mini.json'
"""File in a set's root that holds the options it was made with."""
FORMAT = 1
"""Raise it when the same options give other files."""
MIN_SIDE = 48

_WRITERS = {'ade20k': 'Ade20kWriter', 'coco': 'CocoWriter', 'cityscapes': 'CityscapesWriter', 'legend': 'LegendWriter'}
LAYOUTS = tuple(_WRITERS)


def write_mini(
    layout: str,
    root: str | os.PathLike[str],
    num_train: int = 32,
    num_val: int = 8,
    size: tuple[int, int] = (192, 256),
    seed: int = 0,
    progress: bool = False,
) -> Path:
    """Write a procedurally drawn data set in an official layout.

    The same options give the same bytes. The set is built beside ``root`` and renamed when it is whole, so an
    interrupted call leaves no half set.

    Args:
        layout: ``ade20k``, ``coco``, ``cityscapes`` or ``legend``.
        root: the folder that users would name as data root (ADEChallengeData2016, coco, cityscapes); absent or
            empty, or holding this very set.
        num_train: images of the training split, 1 or more.
        num_val: images of the validation split, 1 or more.
        size: (height, width) in pixels around which the native sizes vary; Cityscapes images are (width / 2, width).
        seed: seed of all chance, 0 or more.
        progress: print a progress bar.

    Returns:
        The root, absolute.

    Raises:
        ValueError: an option is out of range.
        FileExistsError: ``root`` holds something else.
    """
    options = _checked_options(layout, num_train, num_val, size, seed)
    target = Path(root).expanduser().resolve()
    if _is_done(target, options):
        return target
    partial = target.with_name(f'.{target.name}.{os.getpid()}.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _write_scenes(_make_writer(layout, partial), options, progress)
        (partial / MARKER).write_text(json.dumps(options) + '\n', encoding='utf-8')
        _put_in_place(partial, target, options)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _checked_options(layout: str, num_train: int, num_val: int, size: tuple[int, int], seed: int) -> dict[str, Any]:
    """Return the options as a json-ready dict, or raise ValueError naming the bad one."""
    if layout not in _WRITERS:
        raise ValueError(f'layout: found {layout!r}, expected one of {", ".join(LAYOUTS)}.')
    for name, count in (('num_train', num_train), ('num_val', num_val)):
        if count < 1:
            raise ValueError(f'{name}: found {count}, expected 1 or more.')
    if len(size) != 2 or min(size) < MIN_SIDE:
        raise ValueError(f'size: found {tuple(size)}, expected (height, width) of {MIN_SIDE} pixels or more each.')
    if layout == 'cityscapes' and size[1] < 2 * MIN_SIDE:
        raise ValueError(
            f'size: found width {size[1]}, expected {2 * MIN_SIDE} or more: Cityscapes is half as high as wide.'
        )
    if seed < 0:
        raise ValueError(f'seed: found {seed}, expected 0 or more.')
    return {
        'format': FORMAT, 'layout': layout, 'train': num_train, 'val': num_val, 'size': list(size), 'seed': seed,
    }  # fmt: skip


def _is_done(target: Path, options: dict[str, Any]) -> bool:
    """Return whether ``target`` holds the wanted set; False means that it is free to be written."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    marker = target / MARKER
    if not marker.is_file():
        raise FileExistsError(f'{target}: not empty, and not a mini data set; name a new or an empty folder.')
    found = json.loads(marker.read_text(encoding='utf-8'))
    if found != options:
        raise FileExistsError(
            f'{target}: holds a mini data set made with other options: {found}, expected {options}. '
            'Name another folder, or delete this one first.'
        )
    return True


def _make_writer(layout: str, root: Path) -> LayoutWriter:
    """Return the layout's writer; only its own module, with what that needs, is imported."""
    module = importlib.import_module(f'mmmaskattn.data_tools.mini.{layout}')
    return getattr(module, _WRITERS[layout])(root)


def _write_scenes(writer: LayoutWriter, options: dict[str, Any], progress: bool) -> None:
    """Draw and write every scene; each has its own random stream, so more images leave the first ones unchanged."""
    tasks = [(split, i) for split in SPLITS for i in range(options[split])]
    shown: Iterable[tuple[str, int]] = track_iter_progress(tasks) if progress else tasks
    for split, index in shown:
        rng = np.random.default_rng([options['seed'], SPLITS.index(split), index])
        writer.write(rng, writer.native_size(rng, tuple(options['size'])), split, index)
    writer.finish()
    if progress:
        print()


def _put_in_place(partial: Path, target: Path, options: dict[str, Any]) -> None:
    """Rename the finished set; if another process was first with the same set, keep that one."""
    if target.exists() and _is_done(target, options):
        return
    partial.replace(target)
