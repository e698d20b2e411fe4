"""Check of one sample: its image and its truth, read from the entry that the data set gives, with no pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from mmmaskattn.data_tools.check.problems import Problem, from_exception
from mmmaskattn.data_tools.pictures import PictureError, decode_strictly
from mmmaskattn.datasets.transforms.coco_masks import instance_code
from mmmaskattn.datasets.transforms.id_map import check_stated_size
from mmmaskattn.datasets.transforms.load_low_res_image import decode_image
from mmmaskattn.datasets.transforms.load_panoptic import read_panoptic_ids
from mmmaskattn.datasets.transforms.load_seg_map import label_lookup_table, read_label_map
from mmmaskattn.datasets.transforms.low_res_resize import nearest_centre_index, resize_labels
from mmmaskattn.datasets.transforms.picture_file import (
    MAX_PIXELS,
    exif_orientation,
    read_picture,
    refuse_unknown,
    upright_size,
)

_PNG_DEPTH = 24
"""Place of the byte with the bits of a channel."""
TINY = 4
"""Instances of fewer pixels than this at the network's size are counted as tiny."""


@dataclass(frozen=True)
class SampleRules:
    """What a sample is checked against.

    Attributes:
        classes: Names of the classes that labels index.
        num_labels: Labels 0 to this less 1 are valid: the model's classes, or the data set's if fewer.
        ignore_index: The one further label that semantic maps may hold.
        size: The network's (H, W), at which pixels and instances are counted; None for the native size.
        backend_args: mmengine's file backend options.
        max_pixels: The most pixels that an image may have.
        max_label_pixels: The most that a label or panoptic picture may have.
    """

    classes: tuple[str, ...]
    num_labels: int
    ignore_index: int = 255
    size: tuple[int, int] | None = None
    backend_args: dict | None = None
    max_pixels: int = MAX_PIXELS
    max_label_pixels: int = MAX_PIXELS


@dataclass
class SampleReport:
    """What one sample holds.

    Attributes:
        problems: What is wrong with it.
        class_pixels: int64 (number of classes,), pixels of each class at the network's size; None without a label map.
        instances: (label, pixels at the network's size) of each instance; None if the set has no instances.
        has_255: Whether its label map holds the value 255, as masks of 0 and 255 do.
    """

    problems: list[Problem] = field(default_factory=list)
    class_pixels: np.ndarray | None = None
    instances: list[tuple[int, int]] | None = None
    has_255: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is truth, and all of it is ignored or absent."""
        pixels = 0 if self.class_pixels is None else int(self.class_pixels.sum())
        known = self.class_pixels is not None or self.instances is not None
        return known and not pixels and not self.instances


def check_sample(rules: SampleRules, info: dict) -> SampleReport:
    """Check one sample.

    Args:
        rules: What to check against.
        info: The data set's entry: ``img_path``, and of ``seg_map_path``, ``segments_info`` and ``instances`` what
            there is, as mmseg's, mmdet's and our data sets give them.
    """
    report = SampleReport()
    try:
        _check(rules, info, report)
    except Exception as error:  # whatever a broken file leads to, the next sample is still checked
        report.problems.append(from_exception(info['img_path'], error))
    return report


def _check(rules: SampleRules, info: dict, report: SampleReport) -> None:
    """Image first, then the truth that the entry names."""
    size = _check_image(rules, info, report)
    if info.get('segments_info') is not None and info.get('seg_map_path'):
        _check_panoptic(rules, info, size, report)
    else:
        if info.get('seg_map_path'):
            _check_semantic(rules, info, size, report)
        if info.get('instances') is not None:
            _check_instances(rules, info, size, report)
    if report.is_empty and not any(problem.fatal for problem in report.problems):
        report.problems.append(Problem(info['img_path'], 'nothing in it: no instance and no labelled pixel', False))


def _check_image(rules: SampleRules, info: dict, report: SampleReport) -> tuple[int, int] | None:
    """Decode the image; (H, W), or None if it cannot be read."""
    path = info['img_path']
    try:
        picture = decode_strictly(path, rules.backend_args, rules.max_pixels)
    except PictureError as error:
        report.problems.append(Problem(path, f'image: {error}'))
        return None
    size = upright_size(picture)
    try:
        content, header = read_picture(path, rules.backend_args, rules.max_pixels)
        refuse_unknown(path, content, header)
        if picture.format not in ('JPEG', 'MPO'):  # what Pillow makes of these, OpenCV does; they are the slow ones
            decode_image(path, content)
        report.problems += _remarks(picture, content, path)
        check_stated_size({**info, 'ori_shape': size})
    except ValueError as error:
        report.problems.append(from_exception(path, error))
    return size


def _remarks(picture: Image.Image, content: bytes, path: str) -> Iterator[Problem]:
    """What the loader does to an image that its owner may not expect."""
    orientation = exif_orientation(picture)
    if orientation in (2, 3, 4) or (orientation > 4 and picture.width == picture.height):
        yield Problem(
            path,
            f'EXIF says to turn or mirror it (orientation {orientation}), and the loader does: its truth must be drawn '
            f'on the turned picture, which its size cannot tell',
            False,
        )
    stored = (
        cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if _may_be_deep(picture, content) else None
    )
    if stored is not None and stored.dtype == np.uint16 and stored.max() < 2**15:
        low, high = int(stored.min()), int(stored.max())
        bits = max(high.bit_length(), 8)
        yield Problem(
            path,
            f'16 bits with values {low} to {high}: the loader keeps the upper 8 bits, so they arrive as {low >> 8} to '
            f'{high >> 8}; write it in 8 bits (value >> {bits - 8})',
            False,
        )


def _may_be_deep(picture: Image.Image, content: bytes) -> bool:
    """Whether a picture may have 16 bits, of which Pillow says nothing where there are colours."""
    if picture.format == 'PNG':
        return content[_PNG_DEPTH] == 16
    return picture.format not in ('JPEG', 'MPO', 'BMP', 'GIF', 'WEBP')


def _decode_map(rules: SampleRules, info: dict, what: str, report: SampleReport) -> np.ndarray | None:
    """Decode the label or panoptic picture, or note why not."""
    path = info['seg_map_path']
    try:
        decode_strictly(path, rules.backend_args, rules.max_label_pixels)
        return _READERS[what](path, rules.backend_args, rules.max_label_pixels)
    except PictureError as error:
        report.problems.append(Problem(path, f'{what} of {info["img_path"]}: {error}'))
    except ValueError as error:
        report.problems.append(from_exception(path, error))
    return None


# The loader's own, so that both accept the same; they decode less strictly.
_READERS = {'label map': read_label_map, 'panoptic picture': read_panoptic_ids}


def _same_size(array: np.ndarray, size: tuple[int, int] | None, info: dict, report: SampleReport) -> None:
    if size is not None and array.shape != size:
        report.problems.append(
            Problem(
                info['seg_map_path'],
                f'{array.shape} (height, width), but its image {info["img_path"]} is {size}; expected the same size',
            )
        )


def _count_classes(labels: np.ndarray, rules: SampleRules) -> np.ndarray:
    """Pixels of each class at the network's size."""
    small = labels if rules.size is None else resize_labels(labels, rules.size)
    valid = small[(small >= 0) & (small < len(rules.classes))]
    return np.bincount(valid, minlength=len(rules.classes)).astype(np.int64)


def _check_semantic(rules: SampleRules, info: dict, size: tuple[int, int] | None, report: SampleReport) -> None:
    """A picture of class indices."""
    labels = _decode_map(rules, info, 'label map', report)
    if labels is None:
        return
    _same_size(labels, size, info, report)
    report.has_255 = bool((labels == 255).any())
    table = label_lookup_table(info.get('reduce_zero_label', False), info.get('label_map'))
    stored = labels
    if table is not None:
        labels = np.where((labels >= 0) & (labels < 256), table[labels.clip(0, 255)].astype(np.int32), labels)
    wrong = ((labels < 0) | (labels >= rules.num_labels)) & (labels != rules.ignore_index)
    if wrong.any():
        values = np.unique(stored[wrong]).tolist()
        shift = ' after reduce_zero_label' if info.get('reduce_zero_label') else ''
        report.problems.append(
            Problem(
                info['seg_map_path'],
                f'labels {_short(values)} on {int(wrong.sum())} pixels, expected 0 to {rules.num_labels - 1}{shift}, '
                f'or {rules.ignore_index} (ignored)',
            )
        )
    report.class_pixels = _count_classes(labels, rules)


def _short(values: Sequence[int], shown: int = 10) -> str:
    """A list of values, cut when long."""
    return str(list(values)) if len(values) <= shown else f'{list(values[:shown])} and {len(values) - shown} more'


def _check_panoptic(rules: SampleRules, info: dict, size: tuple[int, int] | None, report: SampleReport) -> None:
    """A picture of segment ids and its list of segments."""
    ids = _decode_map(rules, info, 'panoptic picture', report)
    if ids is None:
        return
    _same_size(ids, size, info, report)
    segments = {segment['id']: segment for segment in info['segments_info']}
    present = set(np.unique(ids).tolist()) - {0}
    path = info['seg_map_path']
    if present - set(segments):
        unknown = sorted(present - set(segments))
        report.problems.append(Problem(path, f'segment ids {_short(unknown)} are in the picture but not in the json'))
    if set(segments) - present:
        absent = sorted(set(segments) - present)
        report.problems.append(Problem(path, f'segment ids {_short(absent)} of the json have no pixel', False))
    _count_segments(rules, ids, segments, path, report)


def _count_segments(
    rules: SampleRules, ids: np.ndarray, segments: dict[int, dict], path: str, report: SampleReport
) -> None:
    """Labels, pixels and instances of a picture's segments; crowds are ignored as the network ignores them."""
    for segment in segments.values():
        _check_label(rules, segment['category'], f'segment {segment["id"]}', path, report)
    small = ids if rules.size is None else resize_labels(ids, rules.size)
    counts = dict(zip(*(values.tolist() for values in np.unique(small, return_counts=True))))
    report.class_pixels = np.zeros(len(rules.classes), np.int64)
    report.instances = []
    for number, segment in segments.items():
        label, pixels = segment['category'], counts.get(number, 0)
        if segment.get('iscrowd') or not 0 <= label < len(rules.classes):
            continue
        report.class_pixels[label] += pixels
        if segment.get('isthing', segment.get('is_thing')):
            report.instances.append((label, pixels))


def _check_label(rules: SampleRules, label: int, what: str, path: str, report: SampleReport) -> None:
    if not 0 <= label < rules.num_labels and label != rules.ignore_index:
        report.problems.append(Problem(path, f'{what} has label {label}, expected 0 to {rules.num_labels - 1}'))


def _check_instances(rules: SampleRules, info: dict, size: tuple[int, int] | None, report: SampleReport) -> None:
    """Outlines or run-length codes of instances; those without a mask are counted by their box."""
    native = size or (info['height'], info['width'])
    found: list[tuple[int, int]] = []
    for index, instance in enumerate(info['instances']):
        number = instance.get('id', index)
        _check_label(rules, instance['bbox_label'], f'instance {number}', info['img_path'], report)
        try:
            pixels = instance_pixels(instance, number, native, rules.size)
        except ValueError as error:
            report.problems.append(Problem(info['img_path'], str(error)))
            continue
        if not instance.get('ignore_flag'):
            found.append((instance['bbox_label'], pixels))
    report.instances = found


def instance_pixels(
    instance: dict[str, Any], number: Any, native: tuple[int, int], size: tuple[int, int] | None
) -> int:
    """Pixels of one instance at the network's size, by exact centres, before others are painted over it.

    Args:
        instance: mmdet's entry: ``mask`` (polygons or a run-length code), else ``bbox`` (x1, y1, x2, y2).
        number: What it is called in an error.
        native: (H, W) of the image.
        size: The network's (H, W); None counts at the native size.

    Returns:
        Number of pixels.

    Raises:
        ValueError: If it is no mask, or one that does not fit the image.
    """
    rows = np.arange(native[0]) if size is None else nearest_centre_index(native[0], size[0])
    columns = np.arange(native[1]) if size is None else nearest_centre_index(native[1], size[1])
    if instance.get('mask') is None:
        x1, y1, x2, y2 = instance['bbox']
        across, down = ((columns + 0.5 > x1) & (columns + 0.5 <= x2), (rows + 0.5 > y1) & (rows + 0.5 <= y2))
        return int(across.sum()) * int(down.sum())
    code = instance_code(instance, number, native)
    return int(coco_mask.decode(code)[np.ix_(rows, columns)].sum())
