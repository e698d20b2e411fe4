"""COCO jsons of instances and panoptic pictures, read; and what is written of them for each split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.data_tools.init.pairs import SHOWN
from mmmaskattn.datasets.coco_json import decode_json, load_coco_json
from mmmaskattn.datasets.coco_schema import Kind
from mmmaskattn.utils.files import atomic_write, read_regular

LAYOUTS: dict[str, str] = {'instance': 'a COCO instance json', 'panoptic': 'a COCO panoptic json with its pictures'}


def read_coco(images: Path, names: Sequence[str], path: Path, pictures: Path | None) -> Labelled:
    """Read a COCO json.

    Args:
        images: Folder of the pictures.
        names: The pictures in it.
        path: The json.
        pictures: Folder of panoptic pictures; by default the one named as the json, beside it.

    Returns:
        The data, instance or panoptic.

    Raises:
        FileNotFoundError: If the json, or the panoptic pictures, are missing.
        ValueError: If the json is damaged or names none of the pictures; the message names it.
    """
    kind = _kind_of(path)
    content = load_coco_json(str(path), kind)
    notes = _find_images(content, names, path, images)
    categories = content['categories']
    repeated = [name for name, count in Counter(one['name'] for one in categories).items() if count > 1]
    if repeated:
        raise ValueError(
            f'{path}: several categories are called {repeated[0]!r}; expected names that are all different'
        )
    if kind == 'panoptic':
        return _panoptic(images, path, pictures, content, notes)
    used = {one['category_id'] for one in content['annotations']}
    classes = tuple(one['name'] for one in categories if one['id'] in used)
    unused = [one['name'] for one in categories if one['id'] not in used]
    if not classes:
        raise ValueError(
            f'{path}: none of its annotations belongs to a picture of {images}; expected outlines to learn from'
        )
    if unused:
        notes.append(f'{len(unused)} categories without any object: {", ".join(unused[:SHOWN])}')
    content['categories'] = [one for one in categories if one['id'] in used]
    found = sorted(image['file_name'] for image in content['images'])
    how = 'its pictures listed by split in data/instances_*.json'
    return Labelled('instance', LAYOUTS[kind], how, images, found, classes, content=content, notes=notes)


def _kind_of(path: Path) -> Kind:
    content = decode_json(read_regular(path), path)
    annotations = content.get('annotations') if isinstance(content, dict) else None
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    return 'panoptic' if isinstance(first, dict) and 'segments_info' in first else 'instance'


def _find_images(content: dict[str, Any], names: Sequence[str], path: Path, images: Path) -> list[str]:
    """Keep the entries whose picture is there; a name in another folder will do if it is the only one so called."""
    there = set(names)
    places: dict[str, list[str]] = {}
    for name in names:
        places.setdefault(PurePosixPath(name).name, []).append(name)
    kept, missing = [], []
    for image in content['images']:
        name = image['file_name'].replace('\\', '/')
        alike = places.get(PurePosixPath(name).name, [])
        place = name if name in there else alike[0] if len(alike) == 1 else None
        if place is None:
            missing.append(name)
        else:
            kept.append({**image, 'file_name': place})
    if not kept:
        raise ValueError(
            f'{path}: none of its {len(missing)} pictures ({", ".join(missing[:SHOWN])}) is in --images {images}'
        )
    content['images'] = kept
    known = {image['id'] for image in kept}
    content['annotations'] = [one for one in content['annotations'] if one['image_id'] in known]
    if not missing:
        return []
    return [f'{len(missing)} pictures of the json are not in {images}: {", ".join(missing[:SHOWN])}']


def _panoptic(images: Path, path: Path, pictures: Path | None, content: dict[str, Any], notes: list[str]) -> Labelled:
    folder = pictures or path.with_suffix('')
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder; expected the panoptic pictures of {path}: name theirs with --labels'
        )
    things = tuple(one['name'] for one in content['categories'] if one.get('isthing', 1))
    stuff = tuple(one['name'] for one in content['categories'] if not one.get('isthing', 1))
    if not things:
        raise ValueError(f'{path}: none of its categories has isthing=1; expected things to find')
    found = sorted(image['file_name'] for image in content['images'])
    how = 'its pictures listed by split in data/panoptic_*.json'
    return Labelled(
        'panoptic', LAYOUTS['panoptic'], how, images, found, things, stuff, folder, content=content, notes=notes
    )  # fmt: skip


def write_split(labelled: Labelled, names: Sequence[str], path: Path) -> None:
    """Write the json of some of the pictures.

    Args:
        labelled: All of them.
        names: Those wanted.
        path: The json to write.
    """
    assert labelled.content is not None
    wanted = set(names)
    images = [image for image in labelled.content['images'] if image['file_name'] in wanted]
    ids = {image['id'] for image in images}
    annotations = [one for one in labelled.content['annotations'] if one['image_id'] in ids]
    content = dict(images=images, annotations=annotations, categories=labelled.content['categories'])
    atomic_write(path, json.dumps(content, separators=(',', ':')).encode())
