"""Check of a COCO json, of instances or panoptic, without any picture: ids, categories, references."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from mmengine import fileio

from mmmaskattn.data_tools.check.problems import Problem

SHOWN = 5
"""How many values a line lists before it only counts."""


def read_annotation_json(path: str, backend_args: dict | None = None) -> tuple[dict | None, list[Problem]]:
    """Read a json and see whether it has the three lists of a COCO annotation.

    Args:
        path: The json.
        backend_args: mmengine's file backend options.

    Returns:
        Its content, or None if the rest cannot be checked, and the problems found.
    """
    try:
        text = fileio.get_text(path, backend_args=backend_args)
        content = json.loads(text)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        return None, [Problem(path, 'the annotation file is missing' if missing else f'cannot be read ({error})')]
    except ValueError as error:
        found = 'the file is empty (0 bytes)' if not text else f'not a whole json ({error})'
        return None, [Problem(path, f'{found}; fetch or write it again')]
    if isinstance(content, dict) and 'data_list' in content:
        return None, []  # mmengine's own layout: nothing of COCO's to check
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in _LISTS):
        kind = str(sorted(content)) if isinstance(content, dict) else type(content).__name__
        return None, [Problem(path, f'found {kind}, expected a COCO json with the lists {", ".join(_LISTS)}')]
    empty = [key for key in _LISTS if not content[key]]
    return content, [Problem(path, f'empty json: no entry in {", ".join(empty)}')] if empty else []


_LISTS = ('images', 'annotations', 'categories')


def check_annotation_json(path: str, content: dict) -> Iterator[Problem]:
    """Check the ids and references of a json.

    Args:
        path: The json, for the messages.
        content: What :func:`read_annotation_json` gave.

    Yields:
        Problems: ids that occur twice, unknown categories and images, segments without what a reader needs.
    """
    panoptic = is_panoptic(content)
    yield from _missing_keys(path, content, panoptic)
    yield from _duplicates(path, content, panoptic)
    yield from _unknown_images(path, content['annotations'], {image.get('id') for image in content['images']})
    categories = {category.get('id') for category in content['categories']}
    segments = list(_segments(content, panoptic))
    yield from _unknown_categories(path, segments, categories)
    if panoptic:
        yield from _without_annotation(path, content)
    else:
        yield from _bad_polygons(path, content['annotations'])


def is_panoptic(content: dict) -> bool:
    """Whether a json is a panoptic one.

    Args:
        content: The json's content.

    Returns:
        True if an annotation has segments.
    """
    return any('segments_info' in annotation for annotation in content['annotations'][:1])


def _segments(content: dict, panoptic: bool) -> Iterator[tuple[str, dict]]:
    """Every instance or segment with the words that name it."""
    for annotation in content['annotations']:
        if not panoptic:
            yield f'annotation {annotation.get("id")}', annotation
            continue
        for segment in annotation.get('segments_info', []):
            yield f'segment {segment.get("id")} of {annotation.get("file_name")}', segment


def _missing_keys(path: str, content: dict, panoptic: bool) -> Iterator[Problem]:
    """Entries without what every reader needs."""
    needed = ('image_id', 'file_name', 'segments_info') if panoptic else ('id', 'image_id', 'category_id', 'bbox')
    lists = (
        ('images', ('id', 'file_name', 'height', 'width')),
        ('annotations', needed),
        ('categories', ('id', 'name')),
    )
    for name, keys in lists:
        for key in keys:
            stand_in = {'file_name': 'coco_url'}.get(key, key)  # LVIS has no file names
            lacking = [index for index, entry in enumerate(content[name]) if not {key, stand_in} & entry.keys()]
            if lacking:
                yield Problem(path, f'{len(lacking)} of {len(content[name])} {name} have no {key!r}: {name}'
                                    f'[{_listed(lacking)}]')  # fmt: skip


def _duplicates(path: str, content: dict, panoptic: bool) -> Iterator[Problem]:
    """Ids that must be unique and are not."""
    yield from _repeated(path, 'category id', [c.get('id') for c in content['categories']])
    yield from _repeated(path, 'category name', [c.get('name') for c in content['categories']])
    yield from _repeated(path, 'image id', [i.get('id') for i in content['images']])
    yield from _repeated(path, 'image file_name', [i.get('file_name') for i in content['images']])
    if not panoptic:
        yield from _repeated(path, 'annotation id', [a.get('id') for a in content['annotations']])
        return
    yield from _repeated(path, 'annotation of image_id', [a.get('image_id') for a in content['annotations']])
    for annotation in content['annotations']:
        ids = [segment.get('id') for segment in annotation.get('segments_info', [])]
        yield from _repeated(path, f'{annotation.get("file_name")}: segment id', ids)


def _repeated(path: str, what: str, values: Iterable[Hashable]) -> Iterator[Problem]:
    """One problem that lists the values which occur more than once; absent ones are told of elsewhere."""
    twice = {value: count for value, count in Counter(values).items() if count > 1 and value is not None}
    if twice:
        shown = [f'{value!r} ({count} times)' for value, count in twice.items()]
        yield Problem(path, f'duplicate {what}: {_listed(shown)}; expected each once')


def _unknown_images(path: str, annotations: list[dict], known: set[Any]) -> Iterator[Problem]:
    unknown = Counter(a.get('image_id') for a in annotations if a.get('image_id') not in known)
    for image_id, count in unknown.items():
        yield Problem(path, f"image_id {image_id!r} of {count} annotations is not among the json's images")


def _unknown_categories(path: str, segments: list[tuple[str, dict]], known: set[Any]) -> Iterator[Problem]:
    """One problem for each wrong category id, naming where it occurs."""
    places: dict[Any, list[str]] = defaultdict(list)
    for name, segment in segments:
        if segment.get('category_id') not in known and 'category_id' in segment:
            places[segment['category_id']].append(name)
    for category, names in places.items():
        listed = sorted(known, key=lambda number: (str(type(number)), number))
        yield Problem(
            path, f'category_id {category!r} is not among the json\'s categories ({_listed(listed)}): {_listed(names)}'
        )  # fmt: skip


def _without_annotation(path: str, content: dict) -> Iterator[Problem]:
    """Images that a panoptic json does not annotate; in an instance json those are images with nothing in them."""
    annotated = {annotation.get('image_id') for annotation in content['annotations']}
    names = [image.get('file_name') for image in content['images'] if image.get('id') not in annotated]
    if names:
        yield Problem(path, f'no annotation for {len(names)} of {len(content["images"])} images: {_listed(names)}')


def _bad_polygons(path: str, annotations: list[dict]) -> Iterator[Problem]:
    """Polygons that enclose nothing: fewer than three points, or an odd count of numbers."""
    for annotation in annotations:
        outline = annotation.get('segmentation')
        for polygon in outline if isinstance(outline, list) else ():
            if len(polygon) < 6 or len(polygon) % 2:
                yield Problem(
                    path,
                    f'annotation {annotation.get("id")}: a polygon of {len(polygon)} numbers, expected x and y of '
                    f'three points or more; it is left out',
                    fatal=False,
                )


def _listed(values: Iterable[Any]) -> str:
    """The first values, and how many more there are."""
    values = list(values)
    more = f', ... ({len(values)} in all)' if len(values) > SHOWN else ''
    return ', '.join(map(str, values[:SHOWN])) + more
