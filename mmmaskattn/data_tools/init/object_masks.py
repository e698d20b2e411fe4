"""Pictures in which objects are apart: one file an object, or one picture whose numbers are objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmmaskattn.data_tools.init.class_names import find_class_names
from mmmaskattn.data_tools.init.label_maps import VOID, LabelScan, scan_all
from mmmaskattn.data_tools.init.labelled import Labelled, coco_content
from mmmaskattn.data_tools.init.pairs import Pairing
from mmmaskattn.data_tools.segments import encode_mask, measure_segments
from mmmaskattn.datasets.transforms.load_seg_map import read_label_image
from mmmaskattn.datasets.transforms.picture_file import picture_header
from mmmaskattn.utils.progress import map_with_progress

ONE_CLASS = ('object',)
Objects = tuple[tuple[int, int], list[dict[str, Any]]]
"""(H, W) of a picture and its objects: ``segmentation``, ``area``, ``bbox``."""


def read_object_files(
    images: Path, labels: Path, pairing: Pairing, names: Sequence[str], workers: int | None
) -> Labelled:
    """Read masks of one object a file: ``NAME/anything.png`` or ``NAME_7.png``; over half of the brightest is inside.

    Args:
        images: Folder of the pictures.
        labels: Folder of the masks.
        pairing: Which belong to which picture.
        names: The one class, as given; none for ``object``.
        workers: Processes.

    Returns:
        The instance data.

    Raises:
        ValueError: If a mask is none, or not of the picture's size; the message names it.
    """
    classes = _one_class(names, labels, images)
    pictures = sorted(pairing.many)
    read = partial(_objects_of_files, images, labels)
    work = [(name, pairing.many[name]) for name in pictures]
    found = map_with_progress(read, work, workers, 'reading masks')
    how = 'written as one json a split, data/instances_*.json, with run-length codes'
    return _labelled('masks of one object a file', how, images, pictures, classes, found, pairing)


def read_id_maps(images: Path, labels: Path, pairing: Pairing, names: Sequence[str], workers: int | None) -> Labelled:
    """Read pictures whose numbers are objects, 0 the background; of one number, its connected parts.

    Args:
        images: Folder of the pictures.
        labels: Folder of the label pictures.
        pairing: Which belong together.
        names: The one class, as given; none for ``object``.
        workers: Processes.

    Returns:
        The instance data.

    Raises:
        ValueError: If a label picture is none, in colours, or not of the picture's size; the message names it.
    """
    classes = _one_class(names, labels, images)
    pictures = sorted(pairing.one)
    scan = scan_all([f'{labels}/{pairing.one[name]}' for name in pictures], workers)
    if scan.colours is not None:
        raise ValueError(f'--labels {labels}: pictures in colours, expected numbers, one an object (8 or 16 bits)')
    apart = not _is_one_number(scan)
    read = partial(_objects_of_map, images, labels, apart, scan.is_mask)
    found = map_with_progress(read, [(name, pairing.one[name]) for name in pictures], workers, 'reading objects')
    layout = 'label pictures whose numbers are objects' if apart else 'binary masks whose connected parts are objects'
    how = 'written as one json a split, data/instances_*.json, with run-length codes'
    return _labelled(layout, how, images, pictures, classes, found, pairing)


def _is_one_number(scan: LabelScan) -> bool:
    return scan.highest <= VOID and (scan.is_mask or int(np.count_nonzero(scan.counts[1:])) <= 1)


def _one_class(names: Sequence[str], labels: Path, images: Path) -> tuple[str, ...]:
    classes = tuple(names)
    if not classes:
        known = find_class_names(labels, labels.parent, images.parent)
        classes = known if len(known) == 1 else ONE_CLASS
    if len(classes) > 1:
        raise ValueError(
            f'--classes: found {len(classes)} names, but such masks do not say what an object is; expected one name, '
            f'or labels with classes: COCO, LabelMe or YOLO'
        )
    return classes


def _labelled(
    layout: str,
    how: str,
    images: Path,
    names: list[str],
    classes: tuple[str, ...],
    found: Iterable[Objects],
    pairing: Pairing,
) -> Labelled:
    content = coco_content(classes)
    for number, ((size, objects), name) in enumerate(zip(found, names), 1):  # found first: it ends its progress
        content['images'].append(dict(id=number, file_name=name, height=size[0], width=size[1]))
        for one in objects:
            key = len(content['annotations']) + 1
            content['annotations'].append(dict(id=key, image_id=number, category_id=1, iscrowd=0, **one))
    if not content['annotations']:
        raise ValueError(f'{images}: no mask of its {len(names)} pictures has an object in it')
    return Labelled('instance', layout, how, images, names, classes, content=content, notes=pairing.notes())


def _numbers(path: str) -> np.ndarray:
    """One channel of a label picture, (H, W)."""
    stored = read_label_image(path)
    return stored if stored.ndim == 2 else stored[..., :3].max(axis=2)


def _check_size(path: str, found: tuple[int, ...], image: Path) -> None:
    header = picture_header(image)
    if header is not None and tuple(found) != tuple(header.size):
        raise ValueError(
            f'{path}: {tuple(found)} (height, width), but its picture {image} is {header.size}; expected the same'
        )


def _objects_of_files(images: Path, labels: Path, work: tuple[str, list[str]]) -> Objects:
    name, files = work
    objects, size = [], (0, 0)
    for file in sorted(files):
        stored = _numbers(f'{labels}/{file}')
        _check_size(f'{labels}/{file}', stored.shape, images / name)
        size = stored.shape
        mask = stored > stored.max(initial=0) // 2
        if mask.any():
            objects.append(_object(mask))
    return size, objects


def _objects_of_map(images: Path, labels: Path, apart: bool, bright: bool, work: tuple[str, str]) -> Objects:
    name, file = work
    stored = _numbers(f'{labels}/{file}')
    _check_size(f'{labels}/{file}', stored.shape, images / name)
    if not apart:
        stored = cv2.connectedComponents((stored > (VOID // 2 if bright else 0)).astype(np.uint8), connectivity=8)[1]
    return stored.shape, [_object(stored == number) for number in np.unique(stored).tolist() if number]


def _object(mask: np.ndarray) -> dict[str, Any]:
    extent = measure_segments(mask.astype(np.int32))[1]
    return dict(segmentation=encode_mask(mask), area=extent.area, bbox=extent.bbox)
