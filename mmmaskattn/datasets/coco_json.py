"""Reading of COCO-format json files, with every way in which they can be wrong named in one line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from mmengine import fileio

SECTIONS = ('images', 'annotations', 'categories')
IMAGE_KEYS = {'id', 'file_name', 'height', 'width'}


def load_coco_json(ann_file: str, kind: str, annotation_keys: set[str], backend_args: dict | None = None) -> dict:
    """Load a json and check its structure.

    Args:
        ann_file: The file.
        kind: What it should be, for messages: ``panoptic`` or ``instance``.
        annotation_keys: Keys that each annotation must have.
        backend_args: mmengine's file backend options.

    Returns:
        Dictionary with ``images``, ``annotations`` and ``categories``, all lists of dictionaries.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is empty or no json, lacks a part, names an image twice or has an annotation of an image
            that it does not list; the message names the file and the value.
    """
    content = _parse(ann_file, fileio.get_text(ann_file, backend_args=backend_args))
    missing = [name for name in SECTIONS if not isinstance(content.get(name), list)]
    if missing:
        raise ValueError(f'{ann_file}: no list of {missing} in it. Expected a COCO {kind} json.')
    if not content['images']:
        raise ValueError(f'{ann_file}: its list of images is empty. Expected at least one: prepare the data again.')
    check_keys(content['images'], IMAGE_KEYS, f'{ann_file}: image')
    check_keys(content['annotations'], annotation_keys, f'{ann_file}: not a COCO {kind} json: annotation')
    check_unique([image['id'] for image in content['images']], f'{ann_file}: image ids')
    known = {image['id'] for image in content['images']}
    stray = sorted({a['image_id'] for a in content['annotations'] if a['image_id'] not in known}, key=str)
    if stray:
        raise ValueError(
            f'{ann_file}: annotations of image ids {_some(stray)}, which are not in its list of images. '
            f'Were two splits mixed?'
        )
    return content


def _parse(ann_file: str, text: str) -> dict[str, Any]:
    """The json's dictionary."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f'{ann_file}: no valid json ({len(text)} characters): {error}. Fetch or write it again.'
        ) from None
    if not isinstance(content, dict):
        raise ValueError(f'{ann_file}: a json {type(content).__name__}, expected an object with {list(SECTIONS)}.')
    return content


def check_keys(records: Iterable[dict], keys: set[str], what: str) -> None:
    """Check that every record has the keys.

    Args:
        records: Dictionaries.
        keys: What each must have.
        what: File and kind of record, for the message.

    Raises:
        ValueError: If one lacks a key.
    """
    for index, record in enumerate(records):
        if not keys <= record.keys():
            name = record.get('id', record.get('image_id'))
            raise ValueError(f'{what} {name!r} (number {index} of its list) has no {sorted(keys - record.keys())}.')


def check_unique(ids: list, what: str) -> None:
    """Check that no id occurs twice.

    Args:
        ids: The ids.
        what: File and kind of id, for the message.

    Raises:
        ValueError: If one does.
    """
    if len(set(ids)) != len(ids):
        twice = sorted((value for value, count in Counter(ids).items() if count > 1), key=str)
        raise ValueError(f'{what} {_some(twice)} occur more than once. Each must be unique: write the json again.')


def _some(values: list) -> str:
    """The first values of a list, in words."""
    return str(values) if len(values) <= 5 else f'{values[:5]} and {len(values) - 5} more'
