"""Writing of one small json file: streamed image by image, whole or not at all."""

from __future__ import annotations

import json
import shutil
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO

from mmmaskattn.datasets.prepare.report import ProblemLog
from mmmaskattn.datasets.shrink.annotation_store import AnnotationStore
from mmmaskattn.datasets.shrink.annotations import Place, Shrunk, shrink_annotations
from mmmaskattn.datasets.shrink.report import AnnotationCounts
from mmmaskattn.utils.atomic import atomic_open
from mmmaskattn.utils.parallel import map_with_progress

MAKER = 'mmmaskattn tools/data/shrink.py'


class _ListWriter:
    """Writes items of a json list, one a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._count = 0

    def add(self, text: bytes) -> None:
        """Write one item, already encoded."""
        self._file.write((b',\n' if self._count else b'\n') + text)
        self._count += 1


def shrink_annotation_file(place: Place, log: ProblemLog, workers: int | None) -> AnnotationCounts:
    """Make one json file small, with its panoptic pictures.

    Images with problems are left out of the new json, and reported.

    Args:
        place: The file, and where.
        log: Takes the problems.
        workers: Processes, None for all cores.

    Returns:
        What was counted.

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json as a whole is damaged or none of its images is left; nothing is written then.
    """
    path = place.source / place.file.path
    counts = AnnotationCounts(place.file.path, place.file.kind)
    description = f'shrinking {path.name}'
    with AnnotationStore(path, place.file.kind) as store, TemporaryFile() as images:
        if not any((place.target / place.file.images).rglob('*')):
            raise ValueError(f'{path}: none of its images could be made small, so no json is written.')
        with atomic_open(place.target / place.file.path) as file:
            _write_heads(file, store, place)
            annotation_list, image_list = _ListWriter(file), _ListWriter(images)
            for shrunk in map_with_progress(partial(shrink_annotations, place), store, workers, description):
                _count(counts, shrunk, log)
                if shrunk.image is not None:
                    image_list.add(shrunk.image)
                for annotation in shrunk.annotations:
                    annotation_list.add(annotation)
            file.write(b'],\n"images": [')
            images.seek(0)
            shutil.copyfileobj(images, file)
            file.write(b']}\n')
            if not counts.images:
                raise ValueError(f'{path}: every image of it has a problem, so no json is written.')
    return counts


def _write_heads(file: BinaryIO, store: AnnotationStore, place: Place) -> None:
    """Write everything up to the first annotation."""
    size = f'{place.size[0]}x{place.size[1]}'
    info = {'description': f'{place.file.path} at {size} (height x width), written by {MAKER}'}
    file.write(b'{"info": ' + json.dumps(info).encode())
    for name, items in store.heads.items():
        file.write(b',\n' + json.dumps(name).encode() + b': ' + json.dumps(items).encode())
    file.write(b',\n"annotations": [')


def _count(counts: AnnotationCounts, shrunk: Shrunk, log: ProblemLog) -> None:
    """Add one image to the counts and its problem to the log."""
    if shrunk.problem is not None:
        log.add(shrunk.problem)
    counts.left_out += shrunk.image is None
    counts.images += shrunk.image is not None
    counts.emptied += shrunk.image is not None and not shrunk.kept and shrunk.dropped > 0
    counts.kept += shrunk.kept
    counts.dropped += shrunk.dropped
