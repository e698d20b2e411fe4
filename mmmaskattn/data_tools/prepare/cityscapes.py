"""Cityscapes: semantic label maps, panoptic pictures and json files from the fine annotations.

Read: ``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png`` and, under ``gtFine/SPLIT/CITY/``, ``*_gtFine_labelIds.png`` and
``*_gtFine_instanceIds.png`` (class * 1000 + number for an instance; the class alone for stuff and for groups, which
are crowds). Written: ``*_gtFine_labelTrainIds.png`` where absent, ``annotations/cityscapes_panoptic_{train,val}.json``
with the PNGs under ``gtFine/cityscapes_panoptic_{train,val}/CITY/`` (same stem as the image),
``annotations/instancesonly_filtered_gtFine_{train,val}.json``. Segment ids are the official instanceIds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmmaskattn.data_tools.prepare.split import (
    Converted,
    JsonFile,
    PictureTask,
    Record,
    Split,
    check_not_empty,
    find_splits,
    read_labels,
)
from mmmaskattn.data_tools.segments import Extent, encode_mask, label_png, measure_segments, panoptic_png
from mmmaskattn.datasets.categories import CITYSCAPES_INSTANCE_CATEGORIES, CITYSCAPES_PANOPTIC_CATEGORIES
from mmmaskattn.utils.files import atomic_write

FOLDERS = {'train': 'train', 'val': 'val'}
NUM_LABELS = 34
ID_STEP = 1000
IMAGE_END, LABEL_END = '_leftImg8bit.png', '_gtFine_labelIds.png'
UNUSED_THINGS = {29, 30}
"""caravan and trailer: they have instances, but no evaluation counts them."""

_PLACE = {category.id: place for place, category in enumerate(CITYSCAPES_PANOPTIC_CATEGORIES)}
_THINGS = {category.id for category in CITYSCAPES_INSTANCE_CATEGORIES}
# The trainIds number the evaluated classes in the order of their labelIds.
_TRAIN_ID = np.full(NUM_LABELS, 255, np.uint8)
_TRAIN_ID[sorted(_PLACE)] = np.arange(len(_PLACE))


def cityscapes_splits(root: Path, names: Sequence[str] = tuple(FOLDERS)) -> list[Split]:
    """Find what is to be prepared in the folder of leftImg8bit and gtFine; see `find_splits`."""
    parts = (
        ('leftImg8bit', 'the images of leftImg8bit_trainvaltest.zip, a folder for each city'),
        ('gtFine', 'the fine annotations of gtFine_trainvaltest.zip, a folder for each city'),
    )
    return find_splits(root, names, FOLDERS, parts, _split)


def _split(root: Path, name: str) -> Split:
    """Pair the images of one split with their annotations by city and stem."""
    images, annotations = root / 'leftImg8bit' / name, root / 'gtFine' / name
    pictures = root / 'gtFine' / f'cityscapes_panoptic_{name}'
    tasks = tuple(_task(image, images, annotations, pictures) for image in sorted(images.glob(f'*/*{IMAGE_END}')))
    check_not_empty(tasks, images, f'CITY/*{IMAGE_END}')
    known = {task.sources[0] for task in tasks}
    unused = tuple(path for path in sorted(annotations.glob(f'*/*{LABEL_END}')) if path not in known)
    folder = root / 'annotations'
    json_files = (
        JsonFile(folder / f'cityscapes_panoptic_{name}.json', 'panoptic', CITYSCAPES_PANOPTIC_CATEGORIES),
        JsonFile(folder / f'instancesonly_filtered_gtFine_{name}.json', 'instance', CITYSCAPES_INSTANCE_CATEGORIES),
    )
    return Split(root, name, tasks, convert_cityscapes, json_files, unused)


def _task(image: Path, images: Path, annotations: Path, pictures: Path) -> PictureTask:
    """Return the task of one image."""
    name = image.relative_to(images)
    stem = annotations / name.parent / image.name.removesuffix(IMAGE_END)
    maps = [stem.with_name(f'{stem.name}_gtFine_{kind}.png') for kind in ('labelIds', 'instanceIds', 'labelTrainIds')]
    return PictureTask(name.as_posix(), image, (maps[0], maps[1]), pictures / name, (maps[2],))


def convert_cityscapes(task: PictureTask) -> Converted:
    """Write the label map, if absent, and the panoptic PNG of one image.

    Args:
        task: with labelIds and instanceIds as sources.

    Returns:
        Its segments and instances.

    Raises:
        OSError: a file is missing or cannot be written.
        ValueError: a file cannot be decoded or has a wrong value or size; named in the message.
    """
    official = _read_instance_ids(task)
    extents = measure_segments(official)
    _check_ids(extents, task.sources[1])
    evaluated = {i: extent for i, extent in extents.items() if _class_of(i) in _PLACE}
    ids = np.where(np.isin(official, list(evaluated)), official, 0)
    _write_train_ids(task)
    atomic_write(task.panoptic, panoptic_png(ids))
    segments: list[Record] = []
    instances: list[Record] = []
    for number in sorted(evaluated, key=lambda i: (_PLACE[_class_of(i)], i)):
        category, (area, bbox) = _class_of(number), evaluated[number]
        crowd = int(category in _THINGS and number < ID_STEP)
        record = {'category_id': category, 'iscrowd': crowd, 'area': area, 'bbox': bbox}
        segments.append({'id': number, **record})
        if category in _THINGS:
            instances.append({**record, 'segmentation': encode_mask(ids == number)})
    return Converted(ids.shape, segments, instances, _notes(extents))


def _class_of(number: int) -> int:
    """Return the labelId of an instanceId."""
    return number // ID_STEP if number >= ID_STEP else number


def _notes(extents: dict[int, Extent]) -> dict[str, int]:
    """Count what no class that is evaluated covers."""
    void = {number: extent for number, extent in extents.items() if _class_of(number) not in _PLACE}
    return {
        'void, pixels of classes that are not evaluated': sum(extent.area for extent in void.values()),
        'dropped, caravans and trailers (not evaluated)': sum(_class_of(number) in UNUSED_THINGS for number in void),
    }


def _read_instance_ids(task: PictureTask) -> np.ndarray:
    """Read the instanceIds, int32 (H, W)."""
    official = read_labels(task.sources[1], task)
    if official.ndim != 2:
        raise ValueError(f'{task.sources[1]}: shape {official.shape}, expected one channel of 16-bit instanceIds.')
    return official.astype(np.int32)


def _check_ids(extents: dict[int, Extent], path: Path) -> None:
    """Refuse instanceIds that Cityscapes does not have."""
    with_number = _THINGS | UNUSED_THINGS
    wrong = [i for i in extents if not (0 <= i < NUM_LABELS or (i >= ID_STEP and _class_of(i) in with_number))]
    if wrong:
        raise ValueError(
            f'{path}: instanceId {wrong[-1]}, expected 0 to {NUM_LABELS - 1}, or class * {ID_STEP} + number with a '
            f'class of {sorted(with_number)}.'
        )


def _write_train_ids(task: PictureTask) -> None:
    """Write the semantic label map if it is absent, and check it if it is there."""
    source, target = task.sources[0], task.others[0]
    labels = read_labels(source, task)
    if labels.ndim != 2 or labels.max() >= NUM_LABELS:
        raise ValueError(
            f'{source}: shape {labels.shape}, label {labels.max()}; expected one channel, 0 to {NUM_LABELS - 1}.'
        )
    train_ids = _TRAIN_ID[labels]
    if not target.exists():
        atomic_write(target, label_png(train_ids))
    elif not np.array_equal(read_labels(target, task), train_ids):
        raise ValueError(f'{target}: not the trainIds of {source.name}. Delete it, and it will be written anew.')
