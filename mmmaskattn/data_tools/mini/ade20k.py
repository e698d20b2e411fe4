"""The layout of ADE20K's scene parsing challenge (ADEChallengeData2016), with its instance annotations.

``images/{training,validation}/*.jpg``; ``annotations/`` of the same stems: 0 = unlabelled, 1 to 150 = class;
``annotations_instance/``: R = instance category 1 to 100, G = number of the instance in its image, 0 0 where there is
none (crowds have no instances); ``objectInfo150.txt``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmdet.datasets.ade20k import ADE20KInstanceDataset
from mmseg.datasets import ADE20KDataset

from mmmaskattn.data_tools.mini.scene import KINDS, VOID, Scene
from mmmaskattn.data_tools.mini.write import SceneWriter, write_picture

CLASSES = tuple(name.strip() for name in ADE20KDataset.METAINFO['classes'])
INSTANCE_CLASSES = tuple(ADE20KInstanceDataset.METAINFO['classes'])
FOLDERS = {'train': 'training', 'val': 'validation'}


class Ade20kWriter(SceneWriter):
    """Writes the ADE20K layout; ``root`` plays the part of ADEChallengeData2016."""

    class_of = {
        'sky': 'sky', 'building': 'building', 'tree': 'tree', 'grass': 'grass', 'road': 'road', 'pavement': 'sidewalk',
        'person': 'person', 'car': 'car', 'bus': 'bus', 'bicycle': 'bicycle', 'ball': 'ball', 'boat': 'boat',
    }  # fmt: skip

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._pixels = np.zeros(len(CLASSES) + 1, np.int64)
        self._images = {split: np.zeros(len(CLASSES) + 1, np.int64) for split in FOLDERS}
        self._label_of = np.zeros(VOID + 1, np.uint8)
        for i, kind in enumerate(KINDS):
            self._label_of[i] = CLASSES.index(self.class_of[kind.name]) + 1

    def add(self, scene: Scene, split: str, index: int) -> None:
        """Write the image, the semantic map and the instance map of one scene."""
        folder, stem = FOLDERS[split], f'ADE_{split}_{index + 1:08d}'
        labels = self._label_of[scene.kinds]
        write_picture(self.root / 'images' / folder / f'{stem}.jpg', scene.image)
        write_picture(self.root / 'annotations' / folder / f'{stem}.png', labels)
        write_picture(self.root / 'annotations_instance' / folder / f'{stem}.png', self._instance_map(scene))
        counts = np.bincount(labels.ravel(), minlength=len(CLASSES) + 1)
        self._pixels += counts
        self._images[split] += counts > 0

    def _instance_map(self, scene: Scene) -> np.ndarray:
        """Return the uint8 (H, W, 3) map of instance category, instance number and 0."""
        table = np.zeros((len(scene.objects) + 1, 3), np.uint8)
        singles = [i for i, thing in enumerate(scene.objects, 1) if not thing.crowd]
        for number, i in enumerate(singles, 1):
            name = self.class_of[scene.objects[i - 1].kind.name]
            table[i] = (INSTANCE_CLASSES.index(name) + 1, number, 0)
        return table[scene.instances]

    def finish(self) -> None:
        """Write objectInfo150.txt: each class's share of the labelled pixels, image counts, and whether it is stuff."""
        labelled = max(1, int(self._pixels[1:].sum()))
        lines = ['Idx\tRatio\tTrain\tVal\tStuff\tName']
        for i, name in enumerate(CLASSES, 1):
            counts = f'{self._images["train"][i]}\t{self._images["val"][i]}'
            stuff = int(name not in INSTANCE_CLASSES)
            lines.append(f'{i}\t{self._pixels[i] / labelled:.4f}\t{counts}\t{stuff}\t{name}')
        (self.root / 'objectInfo150.txt').write_text('\n'.join(lines) + '\n', encoding='utf-8')
