"""What a folder of predictions says: counts, areas, sizes of the objects, pictures."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE, INSTANCES, PANOPTIC, PICTURES = 'objects.csv', 'instances.json', 'panoptic.json', 'pictures'
PARTS = (TABLE, INSTANCES, PANOPTIC, PICTURES)


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
    try:
        if (folder / PANOPTIC).is_file():
            _read_json(found, folder / PANOPTIC)
        elif (folder / INSTANCES).is_file():
            _read_json(found, folder / INSTANCES)
        elif (folder / TABLE).is_file():
            _read_table(found, folder / TABLE)
    except (KeyError, TypeError, json.JSONDecodeError, csv.Error, UnicodeDecodeError) as error:
        raise ValueError(
            f'{folder}: its tables are not those of mmmaskattn predict --out ({type(error).__name__}: {error}); '
            'name a folder that the command has written'
        ) from None
    found.images = max(found.images, len(found.pictures))
    return found


def _read_table(found: Predictions, path: Path) -> None:
    """Rows of objects, or of a semantic model one row for each class of a picture."""
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row['object']:
            found.add_object(row['picture'], row['class'], float(row['area']))
        else:
            found.areas[row['class']] += int(row['area'])
    found.images = len({row['picture'] for row in rows})


def _read_json(found: Predictions, path: Path) -> None:
    content = json.loads(path.read_text())
    found.images = len(content['images'])
    kinds = {one['id']: one for one in content['categories']}
    for one in content['annotations']:
        for segment in one.get('segments_info', [one]):
            _add_segment(found, str(one['image_id']), kinds[segment['category_id']], segment)


def _add_segment(found: Predictions, picture: str, kind: dict[str, Any], segment: dict[str, Any]) -> None:
    if segment.get('isthing', 1):
        found.add_object(picture, kind['name'], float(segment['area']))
    else:
        found.areas[kind['name']] += int(segment['area'])
