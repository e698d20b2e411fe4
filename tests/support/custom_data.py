"""A data set of one's own for the three tasks, made of the mini COCO set: two things, the rest is background."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.panoptic_png import id_to_rgb, rgb_to_id

THINGS = {'person': 7, 'car': 3}
"""Category ids, out of the order of the configs' classes."""
BACKGROUND = 5


def write_custom(root: Path, num_train: int = 6, num_val: int = 3, size: tuple[int, int] = (72, 96)) -> Path:
    """Write images, semantic PNGs, an instance json and a panoptic json with its PNGs, as docs/how-to tells."""
    mini = write_mini('coco', root.parent / f'{root.name}_mini', num_train, num_val, size)
    for split in ('train', 'val'):
        shutil.copytree(mini / f'{split}2017', root / 'images' / split)
        for folder in ('labels', 'panoptic'):
            (root / folder / split).mkdir(parents=True)
        panoptic = json.loads((mini / f'annotations/panoptic_{split}2017.json').read_text())
        names = {category['id']: category['name'] for category in panoptic['categories']}
        for annotation in panoptic['annotations']:
            _write_maps(mini / f'annotations/panoptic_{split}2017', annotation, names, root, split)
        panoptic['categories'] = [*_categories(True), dict(id=BACKGROUND, name='background', isthing=0)]
        instances = json.loads((mini / f'annotations/instances_{split}2017.json').read_text())
        kept = [a for a in instances['annotations'] if names[a['category_id']] in THINGS]
        instances['annotations'] = [{**a, 'category_id': THINGS[names[a['category_id']]]} for a in kept]
        instances['categories'] = _categories(False)
        (root / 'annotations').mkdir(exist_ok=True)
        for task, content in (('panoptic', panoptic), ('instances', instances)):
            (root / f'annotations/{task}_{split}.json').write_text(json.dumps(content))
    return root


def _categories(panoptic: bool) -> list[dict]:
    kind = dict(isthing=1) if panoptic else {}
    return [dict(id=number, name=name, **kind) for name, number in sorted(THINGS.items())]


def _write_maps(folder: Path, annotation: dict, names: dict[int, str], root: Path, split: str) -> None:
    """Merge all but the things into one background segment; write the panoptic and the semantic picture."""
    ids = rgb_to_id(cv2.imread(str(folder / annotation['file_name']))[..., ::-1])
    kept = [s for s in annotation['segments_info'] if names[s['category_id']] in THINGS and not s['iscrowd']]
    background = max(segment['id'] for segment in annotation['segments_info']) + 1
    ids = np.where(np.isin(ids, [segment['id'] for segment in kept]), ids, background)
    labels = np.zeros(ids.shape, np.uint8)
    for segment in kept:
        name = names[segment['category_id']]
        segment['category_id'] = THINGS[name]
        labels[ids == segment['id']] = 1 + list(THINGS).index(name)
    rest = dict(id=background, category_id=BACKGROUND, iscrowd=0, bbox=[0, 0, ids.shape[1], ids.shape[0]])
    rest['area'] = int((ids == background).sum())
    annotation['segments_info'] = [*kept, rest]
    cv2.imwrite(str(root / 'panoptic' / split / annotation['file_name']), id_to_rgb(ids)[..., ::-1])
    cv2.imwrite(str(root / 'labels' / split / annotation['file_name']), labels)
