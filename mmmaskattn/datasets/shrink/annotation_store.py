"""The records of a large COCO-format json, kept in a file and handed out image by image."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from mmmaskattn.datasets.coco_json import IMAGE_KEYS, SECTIONS
from mmmaskattn.datasets.prepare.json_stream import stream_lists

Record = dict[str, Any]
ANNOTATION_KEYS = {
    'panoptic': {'image_id', 'file_name', 'segments_info'},
    'instance': {'id', 'image_id', 'category_id', 'segmentation'},
}
SHOWN = 5


class ImageRecords(NamedTuple):
    """What a json says about one image: its record and its annotations, each as json text."""

    image: bytes
    annotations: list[bytes]


class AnnotationStore:
    """Reads a json once, item by item, and checks it; holds 32 bytes an annotation in memory, the rest in a file.

    Iterating gives an `ImageRecords` for each image, in the order of the json. Use it in a ``with`` block.

    Args:
        path: The json.
        kind: ``panoptic`` or ``instance``.

    Attributes:
        heads: The lists other than images and annotations, ``categories`` among them.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is damaged, empty, lacks a key, has an id twice, or refers to an image or a category that
            it does not list; the message names the file and the value.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.heads: dict[str, list[Any]] = {'categories': []}
        self._kind = kind
        self._place_of: dict[Any, int] = {}
        self._ids = array('q')
        self._image_ids = array('q')
        self._used_categories: set[Any] = set()
        self._file = TemporaryFile()  # noqa: SIM115  (closed by __exit__)
        self._ends: dict[str, array] = {'images': array('q'), 'annotations': array('q')}
        self._starts: dict[str, array] = {'images': array('q'), 'annotations': array('q')}
        self._written = 0
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> AnnotationStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._starts['images'])

    def __iter__(self) -> Iterator[ImageRecords]:
        places = np.fromiter((self._place_of[number] for number in self._image_ids), np.int64, len(self._image_ids))
        order = np.argsort(places, kind='stable')
        bounds = np.searchsorted(places[order], np.arange(len(self) + 1))
        for place in range(len(self)):
            mine = order[bounds[place] : bounds[place + 1]]
            yield ImageRecords(self._text('images', place), [self._text('annotations', int(i)) for i in mine])

    def _read(self) -> None:
        """Read all and check it."""
        for section, record in stream_lists(self.path):
            if section == 'images':
                self._take_image(record)
            elif section == 'annotations':
                self._take_annotation(record)
            else:
                self.heads.setdefault(section, []).append(record)
        if not self._place_of:
            raise ValueError(f'{self.path}: no images in it. Expected a COCO {self._kind} json with {list(SECTIONS)}.')
        self._check()

    def _take_image(self, image: Record) -> None:
        self._require(image, IMAGE_KEYS, 'image')
        if image['id'] in self._place_of:
            raise ValueError(f'{self.path}: image id {image["id"]!r} occurs more than once. Write the json again.')
        self._place_of[self._whole(image['id'], 'image id')] = len(self)
        self._spool('images', image)

    def _take_annotation(self, annotation: Record) -> None:
        self._require(annotation, ANNOTATION_KEYS[self._kind], f'not a COCO {self._kind} json: annotation')
        # Of a panoptic annotation the image stands for the id: each image has one.
        number = annotation['id' if self._kind == 'instance' else 'image_id']
        self._ids.append(self._whole(number, 'annotation id'))
        self._image_ids.append(self._whole(annotation['image_id'], 'image id'))
        segments = [annotation] if self._kind == 'instance' else annotation['segments_info']
        for segment in segments:
            self._require(segment, {'id', 'category_id'}, f'segment of image {annotation["image_id"]!r}')
        self._used_categories.update(segment['category_id'] for segment in segments)
        self._spool('annotations', annotation)

    def _check(self) -> None:
        """Check what can be known only at the end."""
        numbers, counts = np.unique(np.frombuffer(self._ids, np.int64), return_counts=True)
        self._refuse(numbers[counts > 1].tolist(), 'annotation ids that occur more than once')
        stray = {number for number in self._image_ids if number not in self._place_of}
        self._refuse(sorted(stray), 'image ids of annotations that its list of images lacks')
        known = {category.get('id') for category in self.heads['categories']}
        unknown = sorted(self._used_categories - known, key=str)
        self._refuse(unknown, 'category ids of annotations that its list of categories lacks')

    def _refuse(self, values: list, what: str) -> None:
        if values:
            shown = ', '.join(map(repr, values[:SHOWN])) + (', ...' if len(values) > SHOWN else '')
            raise ValueError(f'{self.path}: {len(values)} {what}: {shown}. Write or fetch the json again.')

    def _require(self, record: Any, keys: set[str], what: str) -> None:
        if not isinstance(record, dict) or not keys <= record.keys():
            found = record.keys() if isinstance(record, dict) else set()
            name = record.get('id', record.get('image_id')) if isinstance(record, dict) else record
            raise ValueError(f'{self.path}: {what} {name!r} has no {sorted(keys - found)}. Fetch the right json.')

    def _whole(self, number: Any, what: str) -> int:
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(f'{self.path}: {what} {number!r}, expected a whole number. Write the json again.')
        return number

    def _spool(self, section: str, record: Record) -> None:
        text = json.dumps(record).encode()
        self._file.write(text)
        self._starts[section].append(self._written)
        self._written += len(text)
        self._ends[section].append(self._written)

    def _text(self, section: str, index: int) -> bytes:
        start = self._starts[section][index]
        self._file.seek(start)
        return self._file.read(self._ends[section][index] - start)
