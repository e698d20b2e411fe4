"""ADE20K: panoptic pictures and json files from the scene parsing and the instance annotations.

Read: ``images/``, ``annotations/`` (0 = unlabelled, 1 to 150 = class) and ``annotations_instance/`` (red = thing 1 to
100, green = number of the instance, 0 0 = none), each with ``training`` and ``validation``. Written:
``ade20k_panoptic_{train,val}.json`` with a folder of PNGs of that name, ``ade20k_instance_{train,val}.json``.

Things come from the instance annotations, stuff from the scene parsing ones; where both have something the instance is
on top. Pixels of a thing class without an instance are void: they are known to be no stuff, but not which thing.
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
from mmmaskattn.data_tools.segments import encode_mask, measure_segments, panoptic_png
from mmmaskattn.datasets.categories import (
    ADE20K_CLASSES,
    ADE20K_INSTANCE_CATEGORIES,
    ADE20K_PANOPTIC_CATEGORIES,
)
from mmmaskattn.utils.files import atomic_write

FOLDERS = {'train': 'training', 'val': 'validation'}
NUM_THINGS = len(ADE20K_INSTANCE_CATEGORIES)
ID_STEP = 1000
"""Segment id = (class index + 1) * ID_STEP + number of the instance, 0 for stuff."""

_STUFF_ID = np.zeros(len(ADE20K_CLASSES) + 1, np.int32)
for _index, _row in enumerate(ADE20K_CLASSES):
    if not _row.isthing:
        _STUFF_ID[_row.semantic_index + 1] = (_index + 1) * ID_STEP


def ade20k_splits(root: Path, names: Sequence[str] = tuple(FOLDERS)) -> list[Split]:
    """Find what is to be prepared in ADEChallengeData2016; see `find_splits`."""
    parts = (
        ('images', 'the images (*.jpg) of the scene parsing challenge, ADEChallengeData2016'),
        ('annotations', 'the semantic label PNGs of the scene parsing challenge, ADEChallengeData2016'),
        ('annotations_instance', 'the PNGs of annotations_instance.tar, of the instance challenge of the same images'),
    )
    return find_splits(root, names, FOLDERS, parts, _split)


def _split(root: Path, name: str) -> Split:
    """Pair the images of one split with their annotations by stem."""
    folder = FOLDERS[name]
    sources = [root / 'annotations' / folder, root / 'annotations_instance' / folder]
    images = sorted((root / 'images' / folder).glob('*.jpg'))
    tasks = tuple(
        PictureTask(
            name=image.name,
            image=image,
            sources=tuple(source / f'{image.stem}.png' for source in sources),
            panoptic=root / f'ade20k_panoptic_{name}' / f'{image.stem}.png',
        )
        for image in images
    )
    check_not_empty(tasks, root / 'images' / folder, '*.jpg')
    stems = {image.stem for image in images}
    unused = sorted(path for source in sources for path in source.glob('*.png') if path.stem not in stems)
    json_files = (
        JsonFile(root / f'ade20k_panoptic_{name}.json', 'panoptic', ADE20K_PANOPTIC_CATEGORIES),
        JsonFile(root / f'ade20k_instance_{name}.json', 'instance', ADE20K_INSTANCE_CATEGORIES),
    )
    return Split(root, name, tasks, convert_ade20k, json_files, tuple(unused))


def convert_ade20k(task: PictureTask) -> Converted:
    """Write the panoptic PNG of one image.

    Args:
        task: with the semantic and the instance annotation as sources.

    Returns:
        Its segments and instances.

    Raises:
        OSError: a file is missing or cannot be written.
        ValueError: a file cannot be decoded or has a wrong value or size; named in the message.
    """
    semantic = _read_semantic(task)
    things = _read_things(task)
    ids = np.where(things > 0, things, _STUFF_ID[semantic])
    extents = {i: extent for i, extent in measure_segments(ids).items() if i}
    atomic_write(task.panoptic, panoptic_png(ids))
    segments: list[Record] = []
    instances: list[Record] = []
    for number, (area, bbox) in extents.items():
        index = number // ID_STEP - 1
        common = {'iscrowd': 0, 'area': area, 'bbox': bbox}
        segments.append({'id': number, 'category_id': ADE20K_PANOPTIC_CATEGORIES[index].id, **common})
        if index < NUM_THINGS:
            category = ADE20K_INSTANCE_CATEGORIES[index].id
            instances.append({'category_id': category, **common, 'segmentation': encode_mask(ids == number)})
    notes = {
        'void, pixels without a label': int((semantic[ids == 0] == 0).sum()),
        'void, pixels of a thing class that belong to no instance': int((semantic[ids == 0] > 0).sum()),
        'pixels of stuff under an instance, given to the instance': int((_STUFF_ID[semantic[things > 0]] > 0).sum()),
    }
    return Converted(ids.shape, segments, instances, notes)


def _read_semantic(task: PictureTask) -> np.ndarray:
    """Read the label map (H, W), 0 to 150."""
    path = task.sources[0]
    semantic = read_labels(path, task)
    if semantic.ndim != 2:
        raise ValueError(f'{path}: a picture of shape {semantic.shape}, expected one channel of labels 0 to 150.')
    if semantic.max() >= len(_STUFF_ID):
        raise ValueError(f'{path}: label {semantic.max()}, expected 0 (unlabelled) to 150.')
    return semantic


def _read_things(task: PictureTask) -> np.ndarray:
    """Read the instances as segment ids, int32 (H, W), 0 = none."""
    path = task.sources[1]
    picture = read_labels(path, task)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f'{path}: shape {picture.shape} ({picture.dtype}), expected 8-bit RGB: R thing, G number.')
    thing, number = picture[..., 0].astype(np.int32), picture[..., 1]
    wrong = thing[(number > 0) & ((thing < 1) | (thing > NUM_THINGS))]
    if wrong.size:
        raise ValueError(f'{path}: thing category {wrong.max()} (red channel), expected 1 to {NUM_THINGS}.')
    return np.where(number > 0, thing * ID_STEP + number, 0)
