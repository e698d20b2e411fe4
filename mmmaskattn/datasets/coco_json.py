"""Reading of COCO-format json files, with every way in which they can be wrong named in one line.

Data sets, prepare, shrink and check read through here, so that they accept and refuse the same, in the same words.
"""

from __future__ import annotations

import mmap
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mmmaskattn.datasets.coco_schema import SECTIONS, Kind, fault_of, schema_of, short
from mmmaskattn.utils.files import check_regular, read_regular

SHOWN = 5
"""How many values a line lists before it only counts."""
_BOM = b'\xef\xbb\xbf'
_NOT_FINITE = ('NaN', 'Infinity', '-Infinity')


def load_coco_json(ann_file: str, kind: Kind, backend_args: dict | None = None) -> dict[str, Any]:
    """Load a json whole and check it.

    Args:
        ann_file: The file.
        kind: What it should be.
        backend_args: mmengine's file backend options.

    Returns:
        Dictionary with ``images``, ``annotations`` and ``categories``, all lists of dictionaries, and what else it has.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no json, or an entry is not what it should be; the message names the file, the entry and
            the value.
    """
    content = decode_json(read_regular(ann_file, backend_args), ann_file)
    refuse_faults(ann_file, faults_of_sections(content, kind) or faults_of_entries(content, kind))
    return content


def refuse_faults(path: str | Path, faults: list[str]) -> None:
    """Raise the first of some faults.

    Args:
        path: The file.
        faults: In the order found.

    Raises:
        ValueError: If there are any.
    """
    if faults:
        more = f' ({len(faults) - 1} further faults)' if len(faults) > 1 else ''
        raise ValueError(f'{path}: {faults[0]}{more}')


def decode_json(content: Any, path: str | Path, schema: Any = Any) -> Any:
    """Decode a json.

    Args:
        content: Its bytes, or a buffer of them.
        path: Its file, for the message.
        schema: Type to decode to.

    Returns:
        What it holds.

    Raises:
        ValueError: If it is none, for example cut short, not UTF-8, nested without end, or with NaN in it.
    """
    content = memoryview(content)
    content = content[3:] if content[:3] == _BOM else content
    size = f'{len(content)} bytes'
    try:
        return msgspec.json.decode(content, type=schema)
    except RecursionError:
        raise ValueError(f'{path}: no valid json ({size}): brackets nested too deep. Write it again.') from None
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: no valid json ({size}): not UTF-8 ({error.reason}). Write it as UTF-8.') from None
    except msgspec.ValidationError as error:
        if 'out of range' not in str(error):
            raise
        raise ValueError(f'{path}: no valid json ({size}): {error}. Write it again.') from None
    except msgspec.DecodeError as error:
        reason = _reason(content, str(error))
        raise ValueError(f'{path}: no valid json ({size}): {reason}. Fetch or write it again.') from None


def _reason(content: memoryview, message: str) -> str:
    """Why bytes are no json, with what stands at the place."""
    place = re.search(r'\(byte (\d+)\)', message)
    if not place:
        return 'the file is empty' if not content else 'it is cut short' if 'truncated' in message else message
    start = int(place[1])
    found = bytes(content[start : start + 20]).decode(errors='replace')
    before = bytes(content[max(0, start - 40) : start]).decode(errors='replace')
    wanted = 'a finite number' if found.startswith(_NOT_FINITE) else 'json'
    return f'found {found!r} at byte {start} after {before!r}, expected {wanted}'


def map_json(path: Path) -> Any:
    """Find the lists of a json and their entries, without decoding them.

    The file is mapped and not read, so that of half a gigabyte only a small object for each entry is held.

    Args:
        path: A local file.

    Returns:
        The undecoded entries (`msgspec.Raw`) of each list at its top level, for `decode_json`; of what is no json
        object, itself.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no json.
    """
    check_regular(path)
    with open(path, 'rb') as file:
        empty = not file.seek(0, 2)
        content: Any = b'' if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        parts = decode_json(content, path, dict[str, msgspec.Raw])
        return {
            key: decode_json(part, path, list[msgspec.Raw])
            for key, part in parts.items()
            if bytes(memoryview(part)[:1]) == b'['
        }
    except msgspec.ValidationError:
        return decode_json(content, path)


def faults_of_sections(content: Any, kind: Kind) -> list[str]:
    """What is wrong with a json as a whole.

    Args:
        content: The decoded json.
        kind: What it should be.

    Returns:
        One line, or none.
    """
    if not isinstance(content, dict):
        return [f'found {short(content)}, expected a COCO {kind} json: an object with lists of {", ".join(SECTIONS)}']
    missing = [name for name in SECTIONS if not isinstance(content.get(name), list)]
    if missing:
        found = [name for name, part in content.items() if isinstance(part, list)]
        return [f'no list of {missing} in it, found {found}. Expected a COCO {kind} json']
    if not content['images']:
        return ['its list of images is empty. Expected at least one: prepare the data again']
    return []


def faults_of_entries(content: dict[str, Any], kind: Kind) -> list[str]:
    """What is wrong with the entries of a json.

    Args:
        content: The decoded json, with its three lists.
        kind: What it should be.

    Returns:
        A line for each kind of fault, in the order found.
    """
    checker = EntryChecker(kind)
    for section in SECTIONS:
        for entry in content[section]:
            checker.take(section, entry)
    return checker.faults()


class EntryChecker:
    """Takes the entries of a json one by one, and says at the end what is wrong with them.

    It holds 16 bytes for each annotation. Faults that are alike are one line, with the first of them.

    Args:
        kind: What the json should be.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._alike: dict[str, tuple[str, int]] = {}
        self._count: Counter[str] = Counter()
        self._values: dict[str, list[Any]] = {'image id': [], 'file_name': [], 'category id': [], 'category name': []}
        self._ids, self._image_ids = array('q'), array('q')
        self._categories: dict[int, tuple[int, str]] = {}
        self._largest = 0.0

    def take(self, section: str, entry: Any) -> bool:
        """Check one entry.

        Args:
            section: ``images``, ``annotations`` or ``categories``.
            entry: As decoded.

        Returns:
            Whether it is as it should be by itself.
        """
        place = f'{section}[{self._count[section]}]'
        self._count[section] += 1
        fault = fault_of(entry, schema_of(self.kind, section))
        if fault:
            self._note(section, place, entry, fault)
        elif section == 'annotations':
            self._take_annotation(entry)
        known = entry if isinstance(entry, dict) else {}
        if section == 'images':
            self._values['image id'].append(known.get('id'))
            self._values['file_name'].append(known.get('file_name'))
        elif section == 'categories':
            self._values['category id'].append(known.get('id'))
            self._values['category name'].append(known.get('name'))
        return fault is None

    def _note(self, section: str, place: str, entry: Any, fault: str) -> None:
        """Keep the first of each kind of fault, and count the others."""
        name = entry.get('id', entry.get('image_id')) if isinstance(entry, dict) else None
        where = place if name is None else f'{place} (id {short(name)})'
        foreign = section == 'annotations' and fault.startswith('no ')
        line = f'{where}: {fault}' + (f'; not a COCO {self.kind} json' if foreign else '')
        alike = f'{section} {re.sub("[0-9]+", "", fault.partition(": found ")[0])}'
        first, count = self._alike.get(alike, (line, 0))
        self._alike[alike] = (first, count + 1)

    def _take_annotation(self, entry: dict[str, Any]) -> None:
        """Keep the numbers of a valid annotation."""
        self._image_ids.append(entry['image_id'])
        if self.kind == 'panoptic':
            self._ids.append(entry['image_id'])
            segments = entry['segments_info']
            ids = [segment['id'] for segment in segments]
            if len(set(ids)) < len(ids):
                line = repeated(f'{entry["file_name"]}: segment id', ids)
                self._alike[line] = (line, 1)
        else:
            self._ids.append(entry['id'])
            segments = [entry]
            if self._largest <= 1:
                self._largest = max([self._largest, *_coordinates(entry)])
        for segment in segments:
            count, name = self._categories.get(segment['category_id'], (0, self._name(entry, segment)))
            self._categories[segment['category_id']] = (count + 1, name)

    def _name(self, entry: dict[str, Any], segment: dict[str, Any]) -> str:
        return (
            f'segment {segment["id"]} of {entry["file_name"]}'
            if self.kind == 'panoptic'
            else f'annotation {entry["id"]}'
        )

    def faults(self) -> list[str]:
        """What is wrong with the entries so far: each by itself, and together.

        Returns:
            The lines; none if all is well.
        """
        alike = [line + (f' (so are {count - 1} more)' if count > 1 else '') for line, count in self._alike.values()]
        return [*alike, *self._together()]

    def _together(self) -> Iterator[str]:
        """Repeated ids, references to nothing, images without annotation, fractions in place of pixels."""
        yield from filter(None, (repeated(what, values) for what, values in self._values.items()))
        numbers, counts = np.unique(np.frombuffer(self._ids, np.int64), return_counts=True)
        twice = np.repeat(numbers[counts > 1], counts[counts > 1]).tolist()
        yield from filter(
            None, [repeated(f'{"image" if self.kind == "panoptic" else "annotation"} id of annotations', twice)]
        )
        known = {number for number in self._values['image id'] if isinstance(number, int)}
        stray = Counter(number for number in self._image_ids if number not in known)
        if stray:
            several = listed(sorted(stray))
            yield f'image ids of annotations that are not among its images: {several}. Were two splits mixed?'
        categories = {number for number in self._values['category id'] if isinstance(number, int)}
        for number, (count, name) in self._categories.items():
            if number not in categories:
                where = name + (f' and {count - 1} more' if count > 1 else '')
                yield f'category_id {number} of {where} is not among its categories ({listed(sorted(categories))})'
        if self.kind == 'panoptic' and not self._alike:
            annotated = set(self._image_ids)
            pairs = zip(self._values['image id'], self._values['file_name'])
            names = [name for number, name in pairs if number not in annotated]
            if names:
                yield f'no annotation for {len(names)} of {len(known)} images: {listed(names)}'
        if 0 < self._largest <= 1:
            yield f'no coordinate of a mask is over {self._largest:g}. Expected pixels, not fractions of the image'


def _coordinates(entry: dict[str, Any]) -> Iterable[float]:
    """All coordinates of an instance's polygons."""
    outline = entry.get('segmentation')
    return chain.from_iterable(outline) if isinstance(outline, list) else [2.0] if outline else []


def repeated(what: str, values: Iterable[Any]) -> str:
    """Say which values occur more than once.

    Args:
        what: What they are.
        values: Numbers and names; others are passed over, as they are told of elsewhere.

    Returns:
        One line, or '' if there are none.
    """
    counts = Counter(value for value in values if isinstance(value, (int, str)))
    twice = [f'{value!r} ({count} times)' for value, count in counts.items() if count > 1]
    return f'duplicate {what}: {listed(twice)}; expected each once' if twice else ''


def listed(values: Iterable[Any]) -> str:
    """The first values, and how many more there are."""
    values = list(values)
    more = f', ... ({len(values)} in all)' if len(values) > SHOWN else ''
    return ', '.join(map(str, values[:SHOWN])) + more
