"""What is to be done for one split of a data set: pictures to convert one by one, json files to write from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Literal

import numpy as np

from mmmaskattn.datasets.categories import Category
from mmmaskattn.datasets.transforms.load_seg_map import read_label_image
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, check_pixels, picture_header
from mmmaskattn.utils.files import check_regular

Record = dict[str, Any]
STATE_FOLDER = '.prepare'
"""Folder in a data root for what a run must remember: records of unfinished splits, marks of finished ones."""


@dataclass(frozen=True)
class PictureTask:
    """One image of which annotations are to be made.

    Attributes:
        name: the image's path relative to the folder of its split, with ``/``; the json's ``file_name``.
        image: the image.
        sources: the annotation files that the new ones are made from.
        panoptic: the panoptic PNG to write.
        others: further files to write.
    """

    name: str
    image: Path
    sources: tuple[Path, ...]
    panoptic: Path
    others: tuple[Path, ...] = ()

    @property
    def outputs(self) -> tuple[Path, ...]:
        """All files to write."""
        return (self.panoptic, *self.others)


@dataclass
class Converted:
    """What the conversion of one image gives, beside the files it writes.

    Attributes:
        size: (height, width) of the image.
        segments: panoptic segments: ``id``, ``category_id``, ``iscrowd``, ``area``, ``bbox`` [x, y, width, height].
        instances: the same of the instance json, without ``id``, with ``segmentation``.
        notes: what was counted or dropped, and how often.
    """

    size: tuple[int, int]
    segments: list[Record]
    instances: list[Record]
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class JsonFile:
    """A json file to write: where, for which task, and its class table (things first)."""

    path: Path
    kind: Literal['panoptic', 'instance']
    categories: Sequence[Category]


@dataclass(frozen=True)
class Split:
    """One split of a data set.

    Attributes:
        root: data root.
        name: ``train`` or ``val``.
        tasks: one for each image, in the order of the json files.
        convert: a module-level function that converts one image; it runs in worker processes.
        json_files: written last, once all pictures are there.
        unused: annotation files that belong to no image.
    """

    root: Path
    name: str
    tasks: tuple[PictureTask, ...]
    convert: Callable[[PictureTask], Converted]
    json_files: tuple[JsonFile, ...]
    unused: tuple[Path, ...] = ()


def find_splits(
    root: Path,
    names: Sequence[str],
    folders: Mapping[str, str],
    parts: Sequence[tuple[str, str]],
    make_split: Callable[[Path, str], Split],
) -> list[Split]:
    """Check that the folders of some splits are there, all of them first, and find what is to be prepared.

    Args:
        root: data root.
        names: ``train``, ``val`` or both.
        folders: name of each split's folder inside a part.
        parts: folders inside ``root`` that have one for each split; each with what it holds and where that comes from.
        make_split: pairs the files of a split; takes ``root`` and the split's name.

    Raises:
        FileNotFoundError: a folder is missing or has no images.
    """
    check_folders([(root / part / folders[name], what) for part, what in parts for name in names])
    return [make_split(root, name) for name in names]


def read_labels(path: Path, task: PictureTask) -> np.ndarray:
    """Read a label picture of a task as it is stored, upright, and check that it is as large as the image.

    Returns:
        Array (H, W), or (H, W, 3) in RGB order.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it cannot be decoded or has another size than the image.
    """
    check_regular(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: missing; it is the annotation of {task.image}. Fetch it, or drop the image.')
    labels = read_label_image(str(path))
    size = image_size(task.image)
    if labels.shape[:2] != size:
        raise ValueError(
            f'{path}: {labels.shape[:2]} (height, width), but its image {task.image} is {size}. Expected the same.'
        )
    return labels[..., ::-1] if labels.ndim == 3 else labels


def image_size(path: Path) -> tuple[int, int]:
    """Read the (height, width) of an image, turned upright, from its header.

    Raises:
        ValueError: it is no image, or one of too many pixels.
    """
    header = picture_header(path)
    if header is None:
        raise ValueError(f'{path}: cannot be opened as an image. Fetch it again.')
    check_pixels(header.size, path, MAX_PIXELS)
    return header.size


def check_folders(folders: Sequence[tuple[Path, str]]) -> None:
    """Check that folders of a data set are there.

    Args:
        folders: each with what it holds and where that comes from.

    Raises:
        FileNotFoundError: one is missing; all that are missing are named.
    """
    missing = [
        f'{folder}: there is no such folder. Expected {what}.' for folder, what in folders if not folder.is_dir()
    ]
    if missing:
        raise FileNotFoundError('\n'.join(missing))


def check_not_empty(tasks: Sequence[PictureTask], folder: Path, pattern: str) -> None:
    """Check that a split has images.

    Args:
        tasks: those found.
        folder: where they were looked for.
        pattern: by which names.

    Raises:
        FileNotFoundError: there are none.
    """
    if not tasks:
        raise FileNotFoundError(f'{folder}: found no image named {pattern}. Expected those of the split; unpack them.')
