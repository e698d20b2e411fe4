"""A small data set in the layout of each that the configs read, under the variable that names its root."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from custom_data import write_custom
from pictures import smooth_photo
from prepared import mini, prepare

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.prepare import ade20k_splits, cityscapes_splits
from mmmaskattn.datasets.panoptic_png import id_to_rgb

SIDE = 128


def write_small_data(folder: Path) -> dict[str, Path]:
    """Write all of them, prepared for the three tasks where the layout asks for that; return the root by variable."""
    roots = {layout: mini(layout, folder / layout, train=6, val=4) for layout in ('ade20k', 'coco', 'cityscapes')}
    prepare(ade20k_splits(roots['ade20k']))
    prepare(cityscapes_splits(roots['cityscapes']))
    roots['camvid'] = write_camvid(folder / 'camvid')
    roots['ccp'] = write_folders(folder / 'ccp', classes=59)
    roots['legend'] = write_mini('legend', folder / 'legend', 4, 2, (128, 128))
    roots['magnetic_tile'] = write_folders(folder / 'magnetic_tile', classes=6, grey=True)
    roots['dsb2018'] = write_nuclei(folder / 'dsb2018')
    roots['custom'] = write_custom(folder / 'custom')
    return {f'{name.upper()}_ROOT': root for name, root in roots.items()}


def write_camvid(root: Path, images: int = 4) -> Path:
    """SegNet's layout of CamVid: stripes of all its twelve values on smooth pictures."""
    labels = np.arange(12, dtype=np.uint8).repeat(10)[None].repeat(90, 0)
    for split in ('train', 'val', 'test'):
        for folder in (split, f'{split}annot'):
            (root / folder).mkdir(parents=True)
        for index in range(images):
            cv2.imwrite(str(root / split / f'{index}.png'), smooth_photo(labels.shape, index))
            cv2.imwrite(str(root / f'{split}annot' / f'{index}.png'), labels)
    return root


def write_folders(root: Path, classes: int, grey: bool = False, images: int = 4) -> Path:
    """The layout images/SPLIT, labels/SPLIT: stripes of all labels on smooth photographs that are not square."""
    labels = np.arange(classes, dtype=np.uint8).repeat(240 // classes)[None].repeat(150, 0)
    for split in ('train', 'val', 'test'):
        for folder in ('images', 'labels'):
            (root / folder / split).mkdir(parents=True)
        for index in range(images):
            photo = smooth_photo(labels.shape, index)
            photo = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY) if grey else photo
            cv2.imwrite(str(root / 'images' / split / f'{index}.jpg'), photo)
            cv2.imwrite(str(root / 'labels' / split / f'{index}.png'), labels)
    return root


def write_nuclei(root: Path, images: int = 4, draw: Callable[[int], np.ndarray] | None = None) -> Path:
    """The layout of the prepared nuclei: bright nuclei on a dark background.

    By default small discs, none of which touch; ``draw`` gives other ids for a number: 1 the background, 2 and on.
    """
    (root / 'annotations').mkdir(parents=True)
    for split in ('train', 'val', 'test'):
        for folder in ('images', 'panoptic'):
            (root / folder / split).mkdir(parents=True)
        entries, instances, panoptic = [], [], []
        for number in range(images):
            name = f'{number}.png'
            ids = (draw or _discs)(number)
            height, width = ids.shape
            noise = np.random.default_rng(number).integers(0, 30, (height, width, 3))
            cv2.imwrite(str(root / 'images' / split / name), (noise + 170 * (ids > 1)[..., None]).astype(np.uint8))
            cv2.imwrite(str(root / 'panoptic' / split / name), id_to_rgb(ids)[..., ::-1])
            entries.append(dict(id=number, file_name=name, width=width, height=height, modality='fluorescence'))
            segments = [_segment(ids == k, k, 1) for k in range(2, ids.max() + 1)]
            for one, k in zip(segments, range(2, ids.max() + 1)):
                code = dict(size=[height, width], counts=_run_lengths(ids == k))
                instances.append(dict(one, id=len(instances) + 1, image_id=number, segmentation=code))
            rest = _segment(ids == 1, 1, 2)
            panoptic.append(dict(image_id=number, file_name=name, segments_info=[*segments, rest]))
        kinds = [dict(id=1, name='nucleus', isthing=1), dict(id=2, name='background', isthing=0)]
        for task, truth, count in (('instances', instances, 1), ('panoptic', panoptic, 2)):
            content = dict(images=entries, annotations=truth, categories=kinds[:count])
            (root / f'annotations/{task}_{split}.json').write_text(json.dumps(content))
    return root


def _discs(number: int) -> np.ndarray:
    """Ids of segments: 1 the background, 2 and on a disc in each cell of a grid, some left out."""
    random = np.random.default_rng(number)
    ids = np.ones((SIDE, SIDE), np.int32)
    disc = 2
    for y in range(12, SIDE, 24):
        for x in range(12, SIDE, 24):
            if random.random() < 0.7:
                cv2.circle(ids, (x, y), int(random.integers(4, 11)), disc, -1)
                disc += 1
    return ids


def _segment(mask: np.ndarray, number: int, category: int) -> dict:
    rows, columns = np.nonzero(mask)
    box = [columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1]
    extent = dict(area=int(mask.sum()), bbox=[int(side) for side in box])
    return dict(id=number, category_id=category, iscrowd=0, **extent)


def _run_lengths(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed code: lengths of the runs down the columns, the first of zeros."""
    flat = mask.ravel(order='F')
    edges = np.flatnonzero(np.diff(flat)) + 1
    return ([0] if flat[0] else []) + np.diff([0, *edges, flat.size]).tolist()
