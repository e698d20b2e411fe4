"""Results read back from the folder that a `Writer` has written, one picture at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmmaskattn_runtime.pictures import PictureError, read_picture
from mmmaskattn_runtime.result import UNLABELLED, Classes, Instance, Result, extents, panoptic_result
from mmmaskattn_runtime.run_lengths import RunLengths

WRONG = (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError, OverflowError)
"""What reading raises where a file is not what was written."""
FILES = ('maps.json', 'panoptic.json', 'instances.json')


class ResultsFolder:
    """A folder of results: their pictures, and what was found in each.

    Args:
        folder: What ``mmmaskattn predict --out`` or ``python -m mmmaskattn_runtime --out`` has written.

    Raises:
        ValueError: If it holds no results that can be shown.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._files = {name: self._json(name) for name in FILES if (self.folder / name).is_file()}
        if not self._files:
            raise ValueError(f'{folder}: there is none of {", ".join(FILES)}; name what mmmaskattn predict has written')
        try:
            first = next(iter(self._files.values()))
            self.classes = _classes(first['categories'])
            self._images = {int(one['id']): one for one in first['images']}
            self.names = [str(one['file_name']) for one in self._images.values()]
            self._of_image = {name: _by_image(content) for name, content in self._files.items()}
        except WRONG as error:
            raise self._wrong(error) from None

    def __len__(self) -> int:
        return len(self._images)

    def result(self, place: int) -> Result:
        """Read what was found in a picture.

        Args:
            place: Of the picture, from 0.

        Raises:
            ValueError: If its files are missing or not what was written.
        """
        number, image = list(self._images.items())[place]
        try:
            size = (int(image['height']), int(image['width']))
            fields = self._fields(number, size)
        except WRONG as error:
            raise self._wrong(error) from None
        return Result(classes=self.classes, size=size, name=str(image['file_name']), **fields)

    def picture(self, place: int) -> np.ndarray | None:
        """Read a picture again, where it still lies where it was and has its size.

        Args:
            place: Of the picture, from 0.

        Returns:
            RGB, uint8, (H, W, 3).
        """
        image = list(self._images.values())[place]
        try:
            found = read_picture(str(image['file_name']))
        except PictureError:
            return None
        return found if found.shape[:2] == (image['height'], image['width']) else None

    def _fields(self, number: int, size: tuple[int, int]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if 'panoptic.json' in self._files:
            (record,) = self._of_image['panoptic.json'][number]
            fields.update(self._panoptic(record, size))
        elif 'maps.json' in self._files:
            labels = _opened(self.folder / 'maps' / _name(self._of_image['maps.json'][number][0]['file_name']), size)
            fields['labels'] = np.where(labels < len(self.classes.names), labels, UNLABELLED).astype(np.int16)
        if 'instances.json' in self._files:
            records = self._of_image['instances.json'].get(number, [])
            fields['instances'] = tuple(self._instance(record, size) for record in records)
        return fields

    def _panoptic(self, record: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
        parts = _opened(self.folder / 'panoptic' / _name(record['file_name']), size).astype(np.int32)
        ids = parts[..., 0] + (parts[..., 1] << 8) + (parts[..., 2] << 16)
        infos = record['segments_info']
        if [one['id'] for one in infos] != list(range(1, len(infos) + 1)) or ids.max() > len(infos):
            raise ValueError('segments whose numbers are not 1, 2, 3 and so on')
        return panoptic_result(ids, self.classes, [int(one['category_id']) - 1 for one in infos])

    def _instance(self, record: dict[str, Any], size: tuple[int, int]) -> Instance:
        mask = RunLengths.from_coco(record['segmentation'])
        (place,) = extents(mask.to_mask().astype(np.int64), 1)
        if mask.size != size or place is None:
            raise ValueError('a mask that is empty or of another size than its picture')
        label, (left, top, right, bottom) = int(record['category_id']) - 1, map(float, place.box)
        box = (left, top, right, bottom)
        return Instance(label, self.classes.name(label), float(record['score']), box, mask, place.area, place.centre)

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise self._wrong(error) from None

    def _wrong(self, error: Exception) -> ValueError:
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())[:150]
        return ValueError(f'{self.folder}: not what mmmaskattn predict has written ({reason}); predict again')


def _classes(categories: list[dict[str, Any]]) -> Classes:
    """Classes of COCO's categories, whose ids count from 1; colours where they are given."""
    things = frozenset(label for label, one in enumerate(categories) if one.get('isthing'))
    colours = tuple((int(r), int(g), int(b)) for r, g, b in (one['color'] for one in categories if 'color' in one))
    return Classes(tuple(str(one['name']) for one in categories), colours, things)


def _by_image(content: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for one in content['annotations']:
        found.setdefault(int(one['image_id']), []).append(one)
    return found


def _name(text: Any) -> str:
    """The name of a file in its folder, never a path out of it."""
    if Path(str(text)).name != text:
        raise ValueError(f'file name {text!r}')
    return str(text)


def _opened(path: Path, size: tuple[int, int]) -> np.ndarray:
    with Image.open(path) as image:
        if image.size[::-1] != size:
            raise ValueError(f'{path.name} of {image.size[::-1]}, expected {size}')
        return np.asarray(image)
