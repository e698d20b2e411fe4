# ruff: noqa: UP007 - msgspec evaluates the types, and the oldest Python supported knows no bar for "or"
"""What an entry of a COCO instance or panoptic json must be: its keys, their types and their ranges."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from mmmaskattn.datasets.panoptic_png import MAX_ID

Kind = Literal['instance', 'panoptic', 'box']
"""``instance`` and ``panoptic`` are what our data sets read; ``box`` is what mmdet's detectors need of a json."""

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Side = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Flag = Union[bool, Literal[0, 1]]
Length = Annotated[float, Meta(ge=0)]
Box = tuple[float, float, float, float]
Name = Annotated[str, Meta(pattern=r'^(?![/\\])(?![A-Za-z]:)(?!([\s\S]*[/\\])?\.\.([/\\]|$))[^\x00]+$')]
"""Relative, and with no step upwards: a name from a json must not leave its folder."""


class RunLengthCode(Struct):
    """A mask as COCO's run-length code; ``size`` is (H, W)."""

    size: tuple[Side, Side]
    counts: Union[str, list[Annotated[int, Meta(ge=0)]]]


Mask = Union[Annotated[list[list[float]], Meta(min_length=1)], RunLengthCode]


class ImageEntry(Struct):
    """An image; ``modality`` is the Data Science Bowl's."""

    id: Id
    file_name: Name
    height: Side
    width: Side
    modality: Union[str, UnsetType] = UNSET


class BoxImageEntry(Struct):
    """An image of a detector's json; LVIS has addresses in place of names."""

    id: Id
    height: Side
    width: Side
    file_name: Union[Name, UnsetType] = UNSET


class CategoryEntry(Struct):
    """A category."""

    id: Id
    name: Annotated[str, Meta(min_length=1)]
    isthing: Union[Flag, UnsetType] = UNSET


class BoxEntry(Struct):
    """An instance of which only the box is needed."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: Box
    iscrowd: Union[Flag, UnsetType] = UNSET
    ignore: Union[Flag, UnsetType] = UNSET
    area: Union[Length, UnsetType] = UNSET


class InstanceEntry(BoxEntry, kw_only=True):
    """An instance with its mask."""

    segmentation: Mask


class SegmentEntry(Struct):
    """A segment of a panoptic picture; 0 is void there."""

    id: Annotated[int, Meta(ge=1, le=MAX_ID)]
    category_id: Id
    iscrowd: Union[Flag, UnsetType] = UNSET
    area: Union[Length, UnsetType] = UNSET
    bbox: Union[Box, UnsetType] = UNSET


class PanopticEntry(Struct):
    """The annotation of one image."""

    image_id: Id
    file_name: Name
    segments_info: list[SegmentEntry]


_SCHEMAS: dict[str, dict[str, Any]] = {
    'instance': {'images': ImageEntry, 'annotations': InstanceEntry, 'categories': CategoryEntry},
    'panoptic': {'images': ImageEntry, 'annotations': PanopticEntry, 'categories': CategoryEntry},
    'box': {'images': BoxImageEntry, 'annotations': BoxEntry, 'categories': CategoryEntry},
}
SECTIONS = tuple(_SCHEMAS['box'])
_PLACE = re.compile(r'^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$', re.DOTALL)
_FIELD = re.compile(r'^Object missing required field `(\w+)`$')
_STEP = re.compile(r'\.(\w+)|\[(\d+)\]')


def schema_of(kind: Kind, section: str) -> Any:
    """What the entries of one list of a json must be.

    Args:
        kind: What the json is.
        section: ``images``, ``annotations`` or ``categories``.

    Returns:
        A type for `fault_of`.
    """
    return _SCHEMAS[kind][section]


def fault_of(value: Any, schema: Any) -> str | None:
    """Say what is wrong with a value.

    Args:
        value: As json gives it; keys that the schema does not know are allowed.
        schema: A type.

    Returns:
        None if all is well, else for example ``height: found '96', expected an int`` or ``no 'height'``.
    """
    try:
        msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        return _in_words(str(error), value)
    return None


def _in_words(message: str, value: Any) -> str:
    """Turn msgspec's message around: the place, what is there, what was expected."""
    match = _PLACE.match(message)
    what, path = (match['what'], match['path'] or '') if match else (message, '')
    place = path.lstrip('.')
    missing = _FIELD.match(what)
    if missing:
        return f'no {missing[1]!r}' + (f' in {place}' if place else '')
    for key, index in _STEP.findall(path):
        value = value[key] if key else value[int(index)]
    return (f'{place}: ' if place else '') + f'found {short(value)}, expected {_expected(what)}'


@lru_cache(None)
def _expected(what: str) -> str:
    """What was expected, without what was got."""
    if 'matching regex' in what:
        return 'a relative name that stays in its folder'
    text = what.removeprefix('Expected ').partition(', got')[0].replace('`', '')
    return '0 or 1' if text == 'bool | int' or text.startswith('Invalid enum value') else text


def short(value: Any, longest: int = 60) -> str:
    """A value as json has it, cut when long.

    Args:
        value: The value.
        longest: Characters to keep.

    Returns:
        One line.
    """
    if isinstance(value, (list, dict)) and len(value) > longest:
        value = f'a {type(value).__name__} of {len(value)} entries'
        return value
    text = 'null' if value is None else repr(value)
    return text if len(text) <= longest else f'{text[:longest]}...'
