"""Writing of a split's json files from the records of its images, one record in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mmmaskattn.data_tools.prepare.records import RecordStore
from mmmaskattn.data_tools.prepare.split import JsonFile, Record, Split
from mmmaskattn.datasets.categories import Category
from mmmaskattn.utils.files import atomic_open

MAKER = 'mmmaskattn tools/data/prepare'
"""Stands in the head of every json file written here, and tells it from those of other programs."""


def write_json(json_file: JsonFile, split: Split, store: RecordStore) -> None:
    """Write one json file; it is there when it is whole.

    Images keep their ids when others have problems: the id is the place among all images of the split, from 1.

    Args:
        json_file: what to write.
        split: the split.
        store: its records; images without one are left out.
    """
    present = [(number, task.name) for number, task in enumerate(split.tasks, 1) if task.name in store]
    records = ((number, store.get(name)) for number, name in present)
    annotations = _panoptic(records) if json_file.kind == 'panoptic' else _instances(records)
    head = {'description': f'{json_file.kind} annotations, split {split.name}, written by {MAKER}'}
    with atomic_open(json_file.path) as file:
        file.write(b'{"info": ' + json.dumps(head).encode() + b',\n"images": ')
        _write_list(file, (_image(number, store.get(name)) for number, name in present))
        file.write(b',\n"annotations": ')
        _write_list(file, annotations)
        file.write(b',\n"categories": ')
        _write_list(file, (_category(category) for category in json_file.categories))
        file.write(b'}\n')


def is_foreign(path: Path) -> bool:
    """Return whether a json file is there that another program wrote."""
    if not path.exists():
        return False
    with open(path, 'rb') as file:
        return MAKER.encode() not in file.read(1024)


def _write_list(file: BinaryIO, items: Iterable[Record]) -> None:
    """Write a json list, an item a line."""
    file.write(b'[')
    for index, item in enumerate(items):
        file.write((b',\n' if index else b'\n') + json.dumps(item).encode())
    file.write(b']')


def _image(number: int, record: Record) -> Record:
    return {'id': number, 'file_name': record['name'], 'height': record['height'], 'width': record['width']}


def _panoptic(records: Iterable[tuple[int, Record]]) -> Iterator[Record]:
    """Yield one annotation for each image."""
    for number, record in records:
        picture = str(PurePosixPath(record['name']).with_suffix('.png'))
        yield {'image_id': number, 'file_name': picture, 'segments_info': record['segments']}


def _instances(records: Iterable[tuple[int, Record]]) -> Iterator[Record]:
    """Yield one annotation for each instance, numbered from 1."""
    count = 0
    for number, record in records:
        for instance in record['instances']:
            count += 1
            yield {'id': count, 'image_id': number, **instance}


def _category(category: Category) -> Record:
    """Return an entry of the list of categories."""
    return {
        'id': category.id, 'name': category.name, 'isthing': int(category.isthing), 'color': list(category.colour),
    }  # fmt: skip
