"""The layout of COCO 2017 with panoptic and instance annotations.

``{train,val}2017/*.jpg``; ``annotations/panoptic_{train,val}2017.json`` and the PNGs in the folder of that name,
id = R + 256 G + 65536 B, 0 = void; ``annotations/instances_{train,val}2017.json``, whose masks are the things of the
panoptic PNGs, as run-length codes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from mmmaskattn.data_tools.mini.scene import Scene
from mmmaskattn.data_tools.mini.write import SPLITS, SceneWriter, write_picture
from mmmaskattn.datasets.categories import COCO_PANOPTIC_CATEGORIES, Category

Record = dict[str, Any]
FIRST_IMAGE_ID = {'train': 1, 'val': 500001}
INFO = {'description': 'procedurally drawn scenes in the layout of COCO 2017', 'version': '1.0', 'year': 2017}
_BY_NAME = {category.name: category for category in COCO_PANOPTIC_CATEGORIES}
_THING_IDS = {category.id for category in COCO_PANOPTIC_CATEGORIES if category.isthing}


class CocoWriter(SceneWriter):
    """Writes the COCO layout."""

    class_of = {
        'sky': 'sky-other-merged', 'building': 'building-other-merged', 'tree': 'tree-merged', 'grass': 'grass-merged',
        'road': 'road', 'pavement': 'pavement-merged', 'person': 'person', 'car': 'car', 'bus': 'bus',
        'bicycle': 'bicycle', 'ball': 'sports ball', 'boat': 'boat',
    }  # fmt: skip

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._images: dict[str, list[Record]] = {split: [] for split in SPLITS}
        self._panoptic: dict[str, list[Record]] = {split: [] for split in SPLITS}
        self._instances: dict[str, list[Record]] = {split: [] for split in SPLITS}

    def add(self, scene: Scene, split: str, index: int) -> None:
        """Write the image and the panoptic PNG of one scene and note its records."""
        image_id = FIRST_IMAGE_ID[split] + index
        stem = f'{image_id:012d}'
        ids, segments = self._segments(scene)
        colours = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)
        write_picture(self.root / f'{split}2017' / f'{stem}.jpg', scene.image)
        write_picture(self.root / 'annotations' / f'panoptic_{split}2017' / f'{stem}.png', colours)
        height, width = ids.shape
        self._images[split].append({'id': image_id, 'file_name': f'{stem}.jpg', 'height': height, 'width': width})
        self._panoptic[split].append({'image_id': image_id, 'file_name': f'{stem}.png', 'segments_info': segments})
        self._note_instances(split, image_id, ids, segments)

    def _segments(self, scene: Scene) -> tuple[np.ndarray, list[Record]]:
        """Return the int32 (H, W) map of segment ids and a record for each stuff class and each object."""
        ids = np.zeros(scene.kinds.shape, np.int32)
        segments: list[Record] = []
        stuff = [(kind, scene.kinds == i) for i, kind in scene.kinds_present() if not kind.shape]
        things = [(thing.kind, scene.instances == i) for i, thing in enumerate(scene.objects, 1)]
        crowds = [False] * len(stuff) + [thing.crowd for thing in scene.objects]
        for (kind, mask), crowd in zip(stuff + things, crowds):
            category = _BY_NAME[self.class_of[kind.name]]
            segment = _free_id(category.colour, {s['id'] for s in segments})
            ids[mask] = segment
            area, bbox = int(mask.sum()), _bounding_box(mask)
            segments.append(
                {'id': segment, 'category_id': category.id, 'iscrowd': int(crowd), 'bbox': bbox, 'area': area}
            )
        return ids, segments

    def _note_instances(self, split: str, image_id: int, ids: np.ndarray, segments: list[Record]) -> None:
        """Note the instance records of one image's things."""
        records = self._instances[split]
        for segment in (s for s in segments if s['category_id'] in _THING_IDS):
            code = coco_mask.encode(np.asfortranarray(ids == segment['id'], dtype=np.uint8))
            code['counts'] = code['counts'].decode('ascii')
            number = FIRST_IMAGE_ID[split] * 1000 + len(records)
            records.append({**segment, 'id': number, 'image_id': image_id, 'segmentation': code})

    def finish(self) -> None:
        """Write the four json files."""
        categories = [_category_record(category) for category in COCO_PANOPTIC_CATEGORIES]
        things = [category for category in categories if category['isthing']]
        for split in SPLITS:
            whole: Record = {'info': INFO, 'licenses': [], 'images': self._images[split]}
            panoptic = {**whole, 'annotations': self._panoptic[split], 'categories': categories}
            instances = {**whole, 'annotations': self._instances[split], 'categories': things}
            for task, content in (('panoptic', panoptic), ('instances', instances)):
                path = self.root / 'annotations' / f'{task}_{split}2017.json'
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(content), encoding='utf-8')


def _category_record(category: Category) -> Record:
    """Return one record of the json files' category lists; COCO's supercategory is not kept, the name stands for it."""
    return {
        'id': category.id, 'name': category.name, 'supercategory': category.name,
        'isthing': int(category.isthing), 'color': list(category.colour),
    }  # fmt: skip


def _free_id(colour: tuple[int, int, int], taken: set[int]) -> int:
    """Return the segment id nearest above the class colour's that is not taken and not 0."""
    number = max(1, colour[0] + 256 * colour[1] + 65536 * colour[2])
    while number in taken:
        number += 1
    return number


def _bounding_box(mask: np.ndarray) -> list[int]:
    """Return [x, y, width, height] of the True pixels."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(cols[0]), int(rows[0]), int(cols[-1] - cols[0] + 1), int(rows[-1] - rows[0] + 1)]
