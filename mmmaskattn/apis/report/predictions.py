# ruff: noqa: UP007, UP045 - msgspec evaluates the types, and the oldest Python supported knows no bar for "or"
"""What a folder of predictions says: counts, areas, sizes of the objects, pictures."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

import msgspec

TABLE, INSTANCES, PANOPTIC, PICTURES = 'objects.csv', 'instances.json', 'panoptic.json', 'pictures'
PARTS = (TABLE, INSTANCES, PANOPTIC, PICTURES)
COLUMNS = ('picture', 'object', 'class', 'area')
ADVICE = 'predict anew into another folder, or take the file away'


class _Category(msgspec.Struct):
    id: int
    name: str


class _Segment(msgspec.Struct):
    category_id: int
    area: float
    isthing: int = 1


class _Annotation(msgspec.Struct):
    image_id: Union[int, str]
    category_id: Optional[int] = None
    area: Optional[float] = None
    segments_info: Optional[list[_Segment]] = None


class _Content(msgspec.Struct):
    """What is read of COCO's jsons, of instances and of panoptic maps."""

    images: list[dict[str, Any]]
    categories: list[_Category]
    annotations: list[_Annotation]


@dataclass
class Predictions:
    """What a folder of predictions says.

    Attributes:
        folder: The folder.
        images: Number of pictures.
        counts: Objects by class.
        areas: Pixels by class: of the objects, and of what is no object where that is known.
        sizes: Class to the pixels of each of its objects.
        per_picture: Objects of each picture that has any.
        pictures: Drawn pictures, by name.
    """

    folder: Path
    images: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    areas: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, list[float]] = field(default_factory=dict)
    per_picture: Counter[str] = field(default_factory=Counter)
    pictures: list[Path] = field(default_factory=list)

    def add_object(self, picture: str, name: str, area: float) -> None:
        """Count one object.

        Args:
            picture: Its picture.
            name: Its class.
            area: Its pixels.
        """
        self.counts[name] += 1
        self.per_picture[picture] += 1
        self.areas[name] += int(area)
        self.sizes.setdefault(name, []).append(area)


def is_predictions(folder: Path) -> bool:
    """Tell whether a folder is one that ``mmmaskattn predict --out`` has written."""
    return any((folder / name).exists() for name in PARTS)


def read_predictions(folder: Path) -> Predictions:
    """Read what ``mmmaskattn predict --out`` has written, whichever formats it was asked for.

    Args:
        folder: The folder.

    Returns:
        What it says.

    Raises:
        ValueError: If a file of it is not what the command writes.
    """
    found = Predictions(folder, pictures=sorted((folder / PICTURES).glob('*.png')))
    if (folder / PANOPTIC).is_file():
        _read_json(found, folder / PANOPTIC)
    elif (folder / INSTANCES).is_file():
        _read_json(found, folder / INSTANCES)
    elif (folder / TABLE).is_file():
        _read_table(found, folder / TABLE)
    found.images = max(found.images, len(found.pictures))
    return found


def _read_table(found: Predictions, path: Path) -> None:
    """Rows of objects, or of a semantic model one row for each class of a picture."""
    try:
        with path.open(newline='', encoding='utf-8') as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or []
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is no table of comma-separated values in UTF-8 ({error}); {ADVICE}') from None
    if missing := [name for name in COLUMNS if name not in columns]:
        raise ValueError(
            f'{path}: found the columns {", ".join(columns) or "none"}; expected {", ".join(missing)} too, as '
            f'mmmaskattn predict writes them; {ADVICE}'
        )
    for number, row in enumerate(rows, 2):
        area = row['area'] or ''
        if not area.isdecimal():
            raise ValueError(f'{path}, line {number}: found the area {area!r}; expected a number of pixels; {ADVICE}')
        if row['object']:
            found.add_object(row['picture'], row['class'], float(area))
        else:
            found.areas[row['class']] += int(area)
    found.images = len({row['picture'] for row in rows})


def _read_json(found: Predictions, path: Path) -> None:
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_Content)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}; expected COCO's json as mmmaskattn predict writes it; {ADVICE}") from None
    found.images = len(content.images)
    names = {one.id: one.name for one in content.categories}
    for one in content.annotations:
        alone = one.segments_info is None and one.category_id is not None and one.area is not None
        segments = [_Segment(one.category_id, one.area)] if alone else one.segments_info or []  # type: ignore[arg-type]
        for segment in segments:
            if segment.category_id not in names:
                raise ValueError(
                    f'{path}: found category_id {segment.category_id}; expected one of its categories, '
                    f'{", ".join(map(str, names)) or "of which there are none"}; {ADVICE}'
                )
            _add_segment(found, str(one.image_id), names[segment.category_id], segment)


def _add_segment(found: Predictions, picture: str, name: str, segment: _Segment) -> None:
    if segment.isthing:
        found.add_object(picture, name, segment.area)
    else:
        found.areas[name] += int(segment.area)
