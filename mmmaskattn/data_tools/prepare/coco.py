"""COCO: the official files are read as they are, so there is nothing to write; this checks that they are complete.

Expected: ``{train,val}2017/*.jpg``, ``annotations/panoptic_{train,val}2017.json`` with the unpacked PNG folder of that
name, ``annotations/instances_{train,val}2017.json``. Pictures are not decoded here: ``tools/data/check.py`` does that.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmmaskattn.datasets.categories import COCO_INSTANCE_CATEGORIES, COCO_PANOPTIC_CATEGORIES, Category
from mmmaskattn.datasets.coco_json import EntryChecker, decode_json, faults_of_sections, map_json, refuse_faults
from mmmaskattn.datasets.coco_schema import SECTIONS, Kind
from mmmaskattn.utils.progress import show_progress

SPLITS = ('train', 'val')
SHOWN = 5
WHERE = {
    'images': '{split}2017.zip',
    'panoptic': 'panoptic_annotations_trainval2017.zip',
    'panoptic pictures': 'panoptic_{split}2017.zip, which is inside panoptic_annotations_trainval2017.zip',
    'instances': 'annotations_trainval2017.zip',
}
"""The official archive that holds each part."""


@dataclass
class CocoReport:
    """What was found of one split.

    Attributes:
        name: ``train`` or ``val``.
        counts: images, annotations and so on.
        problems: a line each.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report, a line each."""
        counted = ', '.join(f'{count} {what}' for what, count in self.counts.items())
        return [f'{self.name}: {counted or "nothing to count"}', *(f'  {problem}' for problem in self.problems)]


def check_coco(root: Path, names: Sequence[str] = SPLITS) -> Iterator[CocoReport]:
    """Check that the official files are there and belong together.

    Args:
        root: the folder of train2017, val2017 and annotations.
        names: ``train``, ``val`` or both.
    """
    for name in names:
        report = CocoReport(name)
        _check_split(root, report)
        yield report


def _check_split(root: Path, report: CocoReport) -> None:
    """Check folders first, then what the json files say about them."""
    name, folder = report.name, root / 'annotations'
    images = _list_folder(root / f'{name}2017', '.jpg', 'images', report)
    pictures = _list_folder(folder / f'panoptic_{name}2017', '.png', 'panoptic pictures', report)
    panoptic, instances = folder / f'panoptic_{name}2017.json', folder / f'instances_{name}2017.json'
    if _is_there(panoptic, 'panoptic', report):
        _read(_PanopticChecker(panoptic, report, images, pictures))
    if _is_there(instances, 'instances', report):
        _read(_Checker(instances, report, images))


def _list_folder(folder: Path, suffix: str, part: str, report: CocoReport) -> set[str] | None:
    """Return the stems of a folder's files, or None if it is not there; empty files are problems."""
    if not folder.is_dir():
        archive = folder.with_suffix('.zip')
        unpack = f'; unpack {archive}' if archive.exists() else ''
        report.problems.append(f'{folder}: no such folder. It is in {_where(part, report)}{unpack}.')
        return None
    stems, empty, odd = set(), [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(suffix):
                stems.add(entry.name[: -len(suffix)])
                if not entry.is_file():
                    odd.append(entry.name)
                elif entry.stat().st_size == 0:
                    empty.append(entry.name)
    report.counts[part] = len(stems)
    if not stems:
        report.problems.append(f'{folder}: no file named *{suffix} in it. It is in {_where(part, report)}.')
    _note(report, folder, 'names that lead to no regular file', sorted(odd))
    _note(report, folder, 'empty files', sorted(empty))
    return stems


def _is_there(path: Path, part: str, report: CocoReport) -> bool:
    """Return whether a json is there; note it if not."""
    if path.is_file():
        return True
    report.problems.append(f'{path}: missing. It is in {_where(part, report)}.')
    return False


def _where(part: str, report: CocoReport) -> str:
    return WHERE[part].format(split=report.name)


def _read(checker: _Checker) -> None:
    """Hand every entry of a json to its check; a file that is no valid json is one problem."""
    path, report = checker.path, checker.report
    try:
        lists = map_json(path)
        refuse_faults(path, faults_of_sections(lists, checker.kind))
        texts = ((section, text) for section in SECTIONS for text in lists[section])
        total = sum(len(lists[section]) for section in SECTIONS)
        for section, text in show_progress(texts, total, f'reading {path.name}, entries'):
            checker.take(section, decode_json(text, path))
        checker.finish()
    except ValueError as error:
        report.problems.append(str(error))


def _note(report: CocoReport, path: Path, what: str, values: Sequence[Any]) -> None:
    """Note a problem with its first values, if there are any."""
    if values:
        shown = ', '.join(map(str, values[:SHOWN])) + (', ...' if len(values) > SHOWN else '')
        report.problems.append(f'{path}: {len(values)} {what}: {shown}')


class _Checker:
    """What panoptic and instance json have in common: sound entries, COCO's categories, a file for each image."""

    kind: Kind = 'instance'
    table: Sequence[Category] = COCO_INSTANCE_CATEGORIES

    def __init__(self, path: Path, report: CocoReport, images: set[str] | None) -> None:
        self.path = path
        self.report = report
        self.files = images
        self.entries = EntryChecker(self.kind)
        self.stem_of: dict[int, str] = {}
        self.categories: dict[int, str] = {}

    def take(self, section: str, entry: Any) -> None:
        """Take one entry of one list; one that is not sound by itself goes no further."""
        if not self.entries.take(section, entry):
            return
        if section == 'images':
            self.stem_of[entry['id']] = Path(entry['file_name']).stem
        elif section == 'categories':
            self.categories[entry['id']] = entry['name']
        else:
            self.take_annotation(entry)

    def take_annotation(self, entry: dict[str, Any]) -> None:
        """Take one annotation."""
        self.report.counts[f'{self.kind} annotations'] += 1

    def finish(self) -> None:
        """Compare, once the whole file is read."""
        self.report.problems += [f'{self.path}: {fault}' for fault in self.entries.faults()]
        wanted = {category.id: category.name for category in self.table}
        wrong = sorted(set(self.categories.items()) ^ set(wanted.items()))
        self.note(f'categories that differ from the {len(wanted)} of COCO', wrong)
        if self.files is not None:
            self.note('images without their file', sorted(set(self.stem_of.values()) - self.files))

    def note(self, what: str, values: Sequence[Any]) -> None:
        """Note a problem of this file."""
        _note(self.report, self.path, what, values)


class _PanopticChecker(_Checker):
    """The panoptic json: one annotation for each image, and its picture of the same stem."""

    kind = 'panoptic'
    table = COCO_PANOPTIC_CATEGORIES

    def __init__(self, path: Path, report: CocoReport, images: set[str] | None, pictures: set[str] | None) -> None:
        super().__init__(path, report, images)
        self.pictures = pictures
        self.picture_of: dict[int, str] = {}

    def take_annotation(self, entry: dict[str, Any]) -> None:
        """Take the annotation of one image."""
        self.picture_of[entry['image_id']] = Path(entry['file_name']).stem
        self.report.counts['panoptic annotations'] += len(entry['segments_info'])

    def finish(self) -> None:
        """Compare, once the whole file is read."""
        super().finish()
        pairs = ((self.stem_of[i], picture) for i, picture in self.picture_of.items() if i in self.stem_of)
        self.note('pictures of another stem than their image', [pair for pair in pairs if pair[0] != pair[1]])
        if self.pictures is not None:
            self.note('annotations without their picture', sorted(set(self.picture_of.values()) - self.pictures))
