"""The annotations of one image, made small: panoptic pictures with their segments, and instance masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmmaskattn.datasets.check.pictures import PictureError, decode_strictly, panoptic_ids, upright_size
from mmmaskattn.datasets.prepare.report import Problem
from mmmaskattn.datasets.prepare.segments import encode_mask, measure_segments
from mmmaskattn.datasets.shrink.annotation_store import ImageRecords, Record
from mmmaskattn.datasets.shrink.layouts import AnnotationFile
from mmmaskattn.datasets.shrink.pictures import is_current, panoptic_picture
from mmmaskattn.datasets.transforms.load_instances import paint_instances, to_run_lengths
from mmmaskattn.datasets.transforms.resampling import resize_labels
from mmmaskattn.utils.atomic import atomic_write


class Place(NamedTuple):
    """Where an annotation file's work is done.

    Attributes:
        source: Data root.
        target: Root of the copy, which has the images already.
        size: (H, W) of the copy.
        file: The annotation file.
    """

    source: Path
    target: Path
    size: tuple[int, int]
    file: AnnotationFile


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
        with Image.open(path) as picture:
            size = upright_size(picture)
    except FileNotFoundError:
        raise ValueError(f'image {image["id"]!r}: {path} is missing. Fetch it, or take it out of the json.') from None
    except (UnidentifiedImageError, SyntaxError):
        return  # its problem has been reported when its picture was to be made small
    if size != (image['height'], image['width']):
        raise ValueError(
            f'image {image["id"]!r}: {image["height"]}x{image["width"]} (height x width) in the json, but {path} is '
            f'{size[0]}x{size[1]}. Expected the same: fetch image and json of one release.'
        )


def _shrink_panoptic(place: Place, image: Record, annotations: list[Record]) -> tuple[list[Record], int]:
    """Write the small panoptic picture; return the annotation with areas and boxes measured anew."""
    if len(annotations) != 1:
        raise ValueError(f'image {image["id"]!r} has {len(annotations)} annotations, expected one. Write it again.')
    segments = annotations[0]['segments_info']
    numbers = [segment['id'] for segment in segments]
    if len(set(numbers)) != len(numbers):
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        raise ValueError(f'segment ids {twice} of image {image["id"]!r} occur more than once. Write the json again.')
    name = f'{place.file.pictures}/{annotations[0]["file_name"]}'
    extents = measure_segments(_small_ids(place, name, image, set(numbers)))
    kept = [
        {**segment, 'area': extents[segment['id']].area, 'bbox': extents[segment['id']].bbox}
        for segment in segments
        if segment['id'] in extents
    ]
    return [{**annotations[0], 'segments_info': kept}], len(segments) - len(kept)


def _small_ids(place: Place, name: str, image: Record, known: set[int]) -> np.ndarray:
    """Segment ids (H, W) of the small picture, which is written unless an earlier run has."""
    source, target = place.source / name, place.target / name
    made = is_current(target, source)
    try:
        ids = panoptic_ids(decode_strictly(str(target if made else source)))
    except PictureError as error:
        raise ValueError(f'image {image["id"]!r}: {source}: {error}') from None
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
