"""Outlines in files of their own: LabelMe's json and YOLO's text files, one a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmmaskattn.data_tools.init.class_names import find_class_names
from mmmaskattn.data_tools.init.labelled import Labelled, coco_content
from mmmaskattn.data_tools.init.pairs import Pairing
from mmmaskattn.datasets.coco_json import decode_json
from mmmaskattn.datasets.transforms.picture_file import picture_header
from mmmaskattn.utils.files import read_regular
from mmmaskattn.utils.progress import show_progress

Polygon = list[float]
Shape = tuple[str, list[Polygon]]
"""Name of the class of an object, and its polygons."""
HOW = 'written as one json a split, data/instances_*.json'
CIRCLE_POINTS = 32


def read_labelme(images: Path, labels: Path, pairing: Pairing, names: Sequence[str]) -> Labelled:
    """Read LabelMe's files: polygons, rectangles and circles; shapes with the same ``group_id`` are one object.

    Args:
        images: Folder of the pictures.
        labels: Folder of the json files.
        pairing: Which belong together.
        names: The classes wanted, as given; none for all that occur.

    Returns:
        The instance data.

    Raises:
        ValueError: If a file is none of LabelMe's; the message names it.
    """
    skipped: dict[str, int] = {}
    found = _read(images, labels, pairing, lambda path, size: _labelme_shapes(path, skipped))
    seen = sorted({name for shapes in found.values() for name, _ in shapes})
    labelled = _labelled("LabelMe's json files", images, found, tuple(names) or tuple(seen), pairing, labels)
    labelled.notes += [f'{count} shapes of the kind {kind} enclose nothing' for kind, count in skipped.items()]
    return labelled


def read_yolo(images: Path, labels: Path, pairing: Pairing, names: Sequence[str]) -> Labelled:
    """Read YOLO's files: a line an object, its class and the corners as fractions of the picture. A picture without
    a file has no object.

    Args:
        images: Folder of the pictures.
        labels: Folder of the text files.
        pairing: Which belong together.
        names: The classes by number, as given; none to look for a file of names.

    Returns:
        The instance data.

    Raises:
        ValueError: If a line is none of an outline; the message names file and line.
    """
    known = tuple(names) or find_class_names(labels, labels.parent, images, images.parent)
    found = _read(images, labels, pairing, lambda path, size: _yolo_shapes(path, size, known))
    for name in pairing.unlabelled:
        found[name] = []
    pairing.unlabelled = []
    seen = {name for shapes in found.values() for name, _ in shapes}
    classes = known or tuple(sorted(seen, key=lambda name: int(name.rpartition('_')[2])))
    return _labelled("YOLO's text files", images, found, classes, pairing, labels)


def _read(
    images: Path, labels: Path, pairing: Pairing, read: Callable[[Path, tuple[int, int]], list[Shape]]
) -> dict[str, list[Shape]]:
    found = {}
    for name in show_progress(sorted(pairing.one), len(pairing.one), 'reading outlines'):
        header = picture_header(images / name)
        found[name] = [] if header is None else read(labels / pairing.one[name], header.size)
    return found


def _labelme_shapes(path: Path, skipped: dict[str, int]) -> list[Shape]:
    content = decode_json(read_regular(path), path)
    shapes = content.get('shapes') if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        hint = '; for a COCO json give --coco FILE' if isinstance(content, dict) and 'annotations' in content else ''
        raise ValueError(f'{path}: no list of shapes in it, expected a file of LabelMe{hint}')
    grouped: dict[Any, Shape] = {}
    for number, shape in enumerate(shapes):
        try:
            kind, points = shape.get('shape_type', 'polygon'), [(float(x), float(y)) for x, y in shape['points']]
            key = (shape['label'], shape['group_id']) if shape.get('group_id') is not None else number
            name = str(shape['label'])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f'{path}: shapes[{number}]: {error!r}; expected a label and points [x, y]') from None
        polygon = _outline(kind, points)
        if polygon is None:
            skipped[kind] = skipped.get(kind, 0) + 1
        else:
            grouped.setdefault(key, (name, []))[1].append(polygon)
    return list(grouped.values())


def _outline(kind: str, points: list[tuple[float, float]]) -> Polygon | None:
    """The polygon of a shape; None if it encloses nothing."""
    if kind == 'rectangle' and len(points) == 2:
        (left, top), (right, bottom) = points
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    elif kind == 'circle' and len(points) == 2:
        (x, y), radius = points[0], math.dist(*points)
        angles = [2 * math.pi * step / CIRCLE_POINTS for step in range(CIRCLE_POINTS)]
        points = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]
    elif kind != 'polygon' or len(points) < 3:
        return None
    return [value for point in points for value in point]


def _yolo_shapes(path: Path, size: tuple[int, int], names: tuple[str, ...]) -> list[Shape]:
    height, width = size
    shapes: list[Shape] = []
    for number, line in enumerate(_lines(path), 1):
        words = line.split()
        if not words:
            continue
        try:
            label, values = int(words[0]), [float(word) for word in words[1:]]
        except ValueError:
            raise ValueError(f'{path}: line {number}: found {line[:40]!r}, expected a class and numbers') from None
        if len(values) == 4:
            raise ValueError(
                f'{path}: line {number}: a box (4 numbers), expected an outline: x and y of 3 points or more'
            )
        if len(values) < 6 or len(values) % 2 or not all(-0.01 <= value <= 1.01 for value in values):
            raise ValueError(
                f'{path}: line {number}: found {len(values)} numbers from {min(values, default=0):g} to '
                f'{max(values, default=0):g}, expected x and y of 3 points or more, 0 to 1'
            )
        if label < 0 or (names and label >= len(names)):
            raise ValueError(
                f'{path}: line {number}: class {label}, expected 0 to {len(names) - 1}, as there are {len(names)} names'
            )
        outline = [min(1.0, max(0.0, value)) * (height if place % 2 else width) for place, value in enumerate(values)]
        shapes.append((names[label] if names else f'class_{label}', [outline]))
    return shapes


def _lines(path: Path) -> list[str]:
    try:
        return read_regular(path).decode('utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: not UTF-8 ({error.reason}); expected lines of a class and numbers') from None


def _labelled(
    layout: str, images: Path, found: dict[str, list[Shape]], classes: tuple[str, ...], pairing: Pairing, labels: Path
) -> Labelled:
    used = {name for shapes in found.values() for name, _ in shapes}
    classes = tuple(name for name in classes if name in used)
    if not classes:
        seen = f', only of {", ".join(sorted(used)[:5])}' if used else ''
        raise ValueError(f'--labels {labels}: no outline of a class that is wanted{seen}; expected at least one')
    content = coco_content(classes)
    category = {name: number for number, name in enumerate(classes, 1)}
    names = sorted(found)
    for number, name in enumerate(names, 1):
        header = picture_header(images / name)
        height, width = header.size if header else (1, 1)
        content['images'].append(dict(id=number, file_name=name, height=height, width=width))
        for label, polygons in found[name]:
            if label in category:
                key = len(content['annotations']) + 1
                content['annotations'].append(
                    dict(id=key, image_id=number, category_id=category[label], iscrowd=0, **_measured(polygons))
                )
    return Labelled('instance', layout, HOW, images, names, classes, content=content, notes=pairing.notes())


def _measured(polygons: list[Polygon]) -> dict[str, Any]:
    across = [x for polygon in polygons for x in polygon[::2]]
    down = [y for polygon in polygons for y in polygon[1::2]]
    area = sum(_area(polygon) for polygon in polygons)
    box = [min(across), min(down), max(across) - min(across), max(down) - min(down)]
    rounded = [[round(value, 2) for value in polygon] for polygon in polygons]
    return dict(segmentation=rounded, area=round(area, 2), bbox=[round(value, 2) for value in box])


def _area(polygon: Polygon) -> float:
    """Shoelace formula."""
    x, y = polygon[::2], polygon[1::2]
    return abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2
