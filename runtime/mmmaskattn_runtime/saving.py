"""Results written to a folder, each file whole or not at all: label maps, pictures, COCO's jsons, tables of objects."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmmaskattn_runtime.drawing import Style, draw
from mmmaskattn_runtime.result import Classes, Result

FORMATS = ('pictures', 'maps', 'coco', 'panoptic', 'csv')
"""``pictures``: drawn PNGs; ``maps``: label maps as PNG, 255 (65535 from 255 classes on) where nothing is said, and
``maps.json``, their classes; ``coco``: ``instances.json``; ``panoptic``: ``panoptic.json`` and its PNGs; ``csv``:
``objects.csv``."""
NOT_OF_TASK = {'semantic': ('coco', 'panoptic'), 'instance': ('maps', 'panoptic'), 'panoptic': ()}
"""Formats that a task does not give."""
_FRAME = re.compile(r'(.+)#(\d{6,})', re.S)
LONGEST_NAME = 230  # bytes of a file's name, of the 255 that there can be
COLUMNS = ('picture', 'object', 'class', 'score', 'area', 'x', 'y', 'left', 'top', 'right', 'bottom')


def write_file(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that it is never half there.

    Args:
        path: The file; its folder is made.
        content: Its bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{os.getpid()}.part')  # short, as the name itself may be as long as names can be
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def check_formats(formats: Sequence[str] | None, task: str) -> None:
    """Refuse formats of which a task gives none, before anything is predicted.

    Args:
        formats: Some of `FORMATS`; None for all that there are.
        task: ``'semantic'``, ``'instance'`` or ``'panoptic'``.

    Raises:
        ValueError: If nothing would be written.
    """
    if formats and set(formats) <= set(NOT_OF_TASK[task]):
        raise ValueError(f'formats {", ".join(formats)}: a model of the {task} task gives none of them')


def png(array: np.ndarray) -> bytes:
    """Encode an array of uint8 or uint16 as PNG."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, 'PNG', compress_level=2)
    return file.getvalue()


def label_png(result: Result) -> bytes:
    """Encode a result's map of labels; unlabelled pixels have the greatest value.

    Raises:
        ValueError: If the result has no map.
    """
    if result.labels is None:
        raise ValueError(f'{result.name}: a result of the {result.task} task has no map of labels')
    kind = np.uint8 if len(result.classes.names) < 256 else np.uint16
    labels = np.where(result.labels < 0, np.iinfo(kind).max, result.labels)
    return png(labels.astype(kind))


class Writer:
    """Writes the results of a run into a folder as they come; memory grows with the objects, not with the pictures.

    Args:
        folder: Where to write; it must be absent or empty.
        classes: What the model tells apart.
        formats: Some of `FORMATS`; by default those that the results have.
        style: How pictures are drawn, see `draw`.

    Raises:
        FileExistsError: If there is something in the folder.
        ValueError: If a format is unknown.
    """

    def __init__(
        self, folder: str | Path, classes: Classes, formats: Sequence[str] | None = None, style: Style = 'overlay'
    ) -> None:
        self.folder, self.classes, self.formats, self.style = Path(folder), classes, formats, style
        unknown = sorted(set(formats or ()) - set(FORMATS))
        if unknown:
            raise ValueError(f'format {unknown[0]!r} is unknown; expected some of {", ".join(FORMATS)}')
        is_free = self.folder.is_dir() and not any(self.folder.iterdir())
        if os.path.lexists(self.folder) and not is_free:
            raise FileExistsError(f'{folder} is there already and nothing in it is overwritten; name another folder')
        above = next(one for one in (self.folder, *self.folder.absolute().parents) if one.exists())
        if not (above.is_dir() and os.access(above, os.W_OK)):
            raise NotADirectoryError(f'{folder}: {above} is no folder that can be written to; name another place')
        self._names: dict[str, int] = {}
        self._images: list[dict[str, Any]] = []
        self._instances: list[dict[str, Any]] = []
        self._panoptic: list[dict[str, Any]] = []
        self._maps: list[dict[str, Any]] = []
        self._rows: list[list[Any]] = []
        self._tasks: set[str] = set()

    def add(self, result: Result, picture: np.ndarray | None = None) -> None:
        """Write what belongs to one picture, and remember what goes into the tables.

        Args:
            result: What was found.
            picture: RGB, uint8, (H, W, 3), to draw upon.
        """
        name = self._free_name(result.name)
        self._tasks.add(result.task)
        number = len(self._images) + 1
        height, width = result.size
        self._images.append(dict(id=number, file_name=result.name, height=height, width=width))
        if self._wants('pictures') and picture is not None:
            write_file(self.folder / 'pictures' / f'{name}.png', png(draw(picture, result, self.style)))
        if self._wants('maps') and result.labels is not None:
            write_file(self.folder / 'maps' / f'{name}.png', label_png(result))
            self._maps.append(dict(image_id=number, file_name=f'{name}.png'))
        if self._wants('panoptic') and result.segment_ids is not None:
            self._add_panoptic(result, name, number)
        self._instances += [dict(one, image_id=number) for one in coco_instances(result)]
        self._rows += object_rows(result)

    def _wants(self, kind: str) -> bool:
        return self.formats is None or kind in self.formats

    def _free_name(self, name: str) -> str:
        """A file name after a picture's, numbered where two pictures have the same."""
        frame = _FRAME.fullmatch(name)
        whole = f'{Path(frame[1]).stem}_{frame[2]}' if frame else Path(name).stem
        stem = free = os.fsencode(whole)[:LONGEST_NAME].decode('utf-8', 'ignore') or 'picture'
        while free in self._names:
            self._names[stem] += 1
            free = f'{stem}_{self._names[stem]}'
        self._names[free] = 1
        return free

    def _add_panoptic(self, result: Result, name: str, number: int) -> None:
        ids = result.segment_ids
        assert ids is not None
        rgb = np.empty((*ids.shape, 3), np.uint8)
        for place in range(3):
            rgb[..., place] = ids >> 8 * place & 255
        write_file(self.folder / 'panoptic' / f'{name}.png', png(rgb))
        infos = [
            dict(
                id=one.id,
                category_id=one.label + 1,
                isthing=int(one.is_thing),
                iscrowd=0,
                area=one.area,
                bbox=[one.box[0], one.box[1], one.box[2] - one.box[0], one.box[3] - one.box[1]],
            )
            for one in result.segments
        ]
        self._panoptic.append(dict(image_id=number, file_name=f'{name}.png', segments_info=infos))

    def close(self) -> list[Path]:
        """Write the tables.

        Returns:
            The files and folders that were written.
        """
        if self._wants('coco') and self._tasks & {'instance', 'panoptic'}:
            self._write_json('instances.json', _numbered(self._instances))
        if self._panoptic:
            self._write_json('panoptic.json', self._panoptic)
        if self._maps:
            self._write_json('maps.json', self._maps)
        if self._wants('csv') and self._images:
            text = table([COLUMNS, *self._rows])
            write_file(self.folder / 'objects.csv', text.encode('utf-8', 'backslashreplace'))  # names may be no Unicode
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def _write_json(self, name: str, annotations: list[dict[str, Any]]) -> None:
        content = dict(images=self._images, categories=self._categories(), annotations=annotations)
        write_file(self.folder / name, json.dumps(content).encode())

    def _categories(self) -> list[dict[str, Any]]:
        return [
            dict(id=label + 1, name=name, isthing=int(label in self.classes.things), color=list(colour))
            for label, (name, colour) in enumerate(zip(self.classes.names, self.classes.colours))
        ]


def _numbered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [dict(one, id=number) for number, one in enumerate(records, 1)]


def coco_instances(result: Result) -> list[dict[str, Any]]:
    """Instances as COCO's json has them, but for the picture's id; ids of categories count from 1.

    Args:
        result: What was found; the things of a panoptic map only where there are no instances.

    Returns:
        ``category_id``, ``bbox`` [x, y, width, height], ``area``, ``score``, ``iscrowd`` and, where there are masks,
        ``segmentation``.
    """
    records = []
    for one in result.instances or ():
        left, top, right, bottom = one.box
        record: dict[str, Any] = dict(category_id=one.label + 1, bbox=[left, top, right - left, bottom - top])
        record.update(area=one.area, score=one.score, iscrowd=0)
        if one.mask is not None:
            record['segmentation'] = one.mask.to_coco()
        records.append(record)
    return records


def object_rows(result: Result) -> list[list[Any]]:
    """Rows of the table of objects: one for each object; of a map without objects one for each class, its area."""
    if result.task == 'semantic':
        return [[result.name, '', name, '', area, *[''] * 6] for name, area in result.areas().items()]
    rows = []
    for number, one in enumerate(result.objects, 1):
        score = getattr(one, 'score', None)
        shown = '' if score is None else round(score, 4)
        rows.append([result.name, number, one.name, shown, one.area, *one.centre, *one.box])
    return rows


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Lay out rows as comma-separated values."""
    file = io.StringIO()
    csv.writer(file, lineterminator='\n').writerows(rows)
    return file.getvalue()
