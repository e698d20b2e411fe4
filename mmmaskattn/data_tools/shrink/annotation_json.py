"""Shrinking of COCO annotation jsons: read image by image, drawn small, written anew."""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from mmmaskattn.data_tools.pictures import PictureError, decode_strictly
from mmmaskattn.data_tools.run_state import Problem, ProblemLog
from mmmaskattn.data_tools.segments import encode_mask, measure_segments
from mmmaskattn.data_tools.shrink.layouts import AnnotationFile
from mmmaskattn.data_tools.shrink.report import AnnotationCounts
from mmmaskattn.data_tools.shrink.samples import is_current, panoptic_picture
from mmmaskattn.datasets.coco_json import EntryChecker, decode_json, faults_of_sections, map_json, refuse_faults
from mmmaskattn.datasets.coco_schema import Kind
from mmmaskattn.datasets.transforms.coco_masks import to_run_lengths
from mmmaskattn.datasets.transforms.id_map import check_stated_size
from mmmaskattn.datasets.transforms.load_instances import paint_instances
from mmmaskattn.datasets.transforms.load_panoptic import read_panoptic_ids
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, picture_header
from mmmaskattn.utils.files import atomic_open, atomic_write, path_inside
from mmmaskattn.utils.progress import map_with_progress

Record = dict[str, Any]


class ImageRecords(NamedTuple):
    """What a json says about one image: its record and its annotations, each as json text."""

    image: bytes
    annotations: list[bytes]


class AnnotationStore:
    """A json, checked, whose entries stay undecoded in the mapped file until their image's turn comes.

    Iterating gives an `ImageRecords` for each image, in the order of the json.

    Args:
        path: The json.
        kind: ``panoptic`` or ``instance``.

    Attributes:
        heads: The lists other than images and annotations, ``categories`` among them.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If a reader would refuse it; the message names the file and the value.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        lists = map_json(path)
        refuse_faults(path, faults_of_sections(lists, kind))
        self._images, self._annotations = lists.pop('images'), lists.pop('annotations')
        self.heads = {name: [decode_json(entry, path) for entry in entries] for name, entries in lists.items()}
        checker = EntryChecker(kind)
        image_ids, self._image_ids = array('q'), array('q')
        for category in self.heads['categories']:
            checker.take('categories', category)
        for section, entries, key, ids in (
            ('images', self._images, 'id', image_ids),
            ('annotations', self._annotations, 'image_id', self._image_ids),
        ):
            for text in entries:
                entry = decode_json(text, path)
                if checker.take(section, entry):
                    ids.append(entry[key])
        refuse_faults(path, checker.faults())
        self._place_of = {number: place for place, number in enumerate(image_ids)}

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[ImageRecords]:
        places = np.fromiter((self._place_of[number] for number in self._image_ids), np.int64, len(self._image_ids))
        order = np.argsort(places, kind='stable')
        bounds = np.searchsorted(places[order], np.arange(len(self) + 1))
        for place, image in enumerate(self._images):
            mine = order[bounds[place] : bounds[place + 1]]
            yield ImageRecords(bytes(image), [bytes(self._annotations[int(i)]) for i in mine])


class Place(NamedTuple):
    """Where an annotation file's work is done.

    Attributes:
        source: Data root.
        target: Root of the copy, which has the images already.
        size: (H, W) of the copy.
        file: The annotation file.
        max_pixels: The most pixels that a picture may have.
    """

    source: Path
    target: Path
    size: tuple[int, int]
    file: AnnotationFile
    max_pixels: int = MAX_PIXELS


class Shrunk(NamedTuple):
    """What becomes of one image's annotations.

    Attributes:
        image: The image's record for the new json, as text; None if the image is left out.
        annotations: Its annotations, as text.
        kept: Segments or instances that have a pixel at the new size.
        dropped: Those that have none.
        problem: Why the image is left out; None for one whose picture has been reported already.
    """

    image: bytes | None
    annotations: list[bytes]
    kept: int = 0
    dropped: int = 0
    problem: Problem | None = None


def shrink_annotations(place: Place, records: ImageRecords) -> Shrunk:
    """Make the annotations of one image small. A panoptic picture is written, the records are returned.

    Args:
        place: Where.
        records: The image's record and annotations.

    Returns:
        The new records, or the problem with them.
    """
    image = json.loads(records.image)
    annotations = [json.loads(text) for text in records.annotations]
    name = f'{place.file.images}/{image["file_name"]}'
    try:
        _check_image(place, name, image)
        if not (place.target / name).is_file():
            return Shrunk(None, [])
        shrink = _shrink_panoptic if place.file.kind == 'panoptic' else _shrink_instances
        new, dropped = shrink(place, image, annotations)
    except (ValueError, OSError) as error:  # a PictureError is a ValueError
        return Shrunk(None, [], problem=Problem(name, f'{place.source / place.file.path}: {error}'))
    kept = sum(len(annotation.get('segments_info', [0])) for annotation in new)
    record = {**image, 'height': place.size[0], 'width': place.size[1]}
    return Shrunk(_text(record), [_text(annotation) for annotation in new], kept, dropped)


def _text(record: Record) -> bytes:
    return json.dumps(record, separators=(',', ':')).encode()


def _check_image(place: Place, name: str, image: Record) -> None:
    """Check that the image is there and as large as the json says; at the new size nobody could tell any more."""
    path = place.source / name
    try:
        header = picture_header(path)
    except FileNotFoundError:
        raise ValueError(f'image {image["id"]!r}: {path} is missing. Fetch it, or take it out of the json.') from None
    if header is not None:  # else its problem has been reported when its picture was to be made small
        check_stated_size({**image, 'img_path': path, 'ori_shape': header.size})


def _shrink_panoptic(place: Place, image: Record, annotations: list[Record]) -> tuple[list[Record], int]:
    """Write the small panoptic picture; return the annotation with areas and boxes measured anew."""
    segments = annotations[0]['segments_info']
    numbers = {segment['id'] for segment in segments}
    name = f'{place.file.pictures}/{annotations[0]["file_name"]}'
    extents = measure_segments(_small_ids(place, name, image, numbers))
    kept = [
        {**segment, 'area': extents[segment['id']].area, 'bbox': extents[segment['id']].bbox}
        for segment in segments
        if segment['id'] in extents
    ]
    return [{**annotations[0], 'segments_info': kept}], len(segments) - len(kept)


def _small_ids(place: Place, name: str, image: Record, known: set[int]) -> np.ndarray:
    """Segment ids (H, W) of the small picture, which is written unless an earlier run has."""
    source, target = place.source / name, path_inside(place.target, name)
    made = is_current(target, source)
    try:
        decode_strictly(str(target if made else source), max_pixels=place.max_pixels)
    except PictureError as error:
        raise ValueError(f'image {image["id"]!r}: {source}: {error}') from None
    ids = read_panoptic_ids(str(target if made else source), max_pixels=place.max_pixels)
    expected = place.size if made else (image['height'], image['width'])
    if ids.shape != expected:
        raise ValueError(
            f'image {image["id"]!r}: {source} is {ids.shape} (height, width), but its image is {expected}. Expected '
            f'the same.'
        )
    unknown = sorted(measure_segments(ids).keys() - known - {0})
    if unknown:
        raise ValueError(f'image {image["id"]!r}: {source} has segment ids {unknown[:5]} that the json does not list.')
    if made:
        return ids
    small = resize_labels(ids, place.size)
    atomic_write(target, panoptic_picture(small))
    return small


def _shrink_instances(place: Place, image: Record, annotations: list[Record]) -> tuple[list[Record], int]:
    """Give each instance the mask that the network is fed, as a run-length code, with its area and box."""
    size = (image['height'], image['width'])
    small = resize_labels(_paint(annotations, size), place.size)
    extents = measure_segments(small)
    new: list[dict[str, Any]] = []
    for number, annotation in enumerate(annotations, 1):
        if number in extents:
            area, bbox = extents[number]
            new.append({**annotation, 'segmentation': encode_mask(small == number), 'area': area, 'bbox': bbox})
    return new, len(annotations) - len(new)


def _paint(annotations: list[Record], size: tuple[int, int]) -> np.ndarray:
    """Paint all masks as `LoadInstances` does: crowds below all others, and large ones below small ones.

    Returns:
        int32 (H, W): place in the list, from 1; 0 = none.
    """
    codes: list[dict] = []
    for annotation in annotations:
        try:
            codes.append(to_run_lengths(annotation['segmentation'], size))
        except ValueError as error:
            raise ValueError(f'annotation {annotation["id"]!r} has {error}. Mend or remove it.') from None
    crowds = [bool(annotation.get('iscrowd') or annotation.get('ignore')) for annotation in annotations]
    return paint_instances(codes, crowds, size, 0)


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

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json as a whole is damaged or none of its images is left; nothing is written then.
    """
    path = place.source / place.file.path
    counts = AnnotationCounts(place.file.path, place.file.kind)
    description = f'shrinking {path.name}'
    store = AnnotationStore(path, place.file.kind)
    with TemporaryFile() as images:
        if not any((place.target / place.file.images).rglob('*')):
            raise ValueError(f'{path}: none of its images could be made small, so no json is written.')
        with atomic_open(path_inside(place.target, place.file.path)) as file:
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
