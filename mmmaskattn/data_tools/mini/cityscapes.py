"""The layout of Cityscapes with fine annotations.

``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png`` and ``gtFine/SPLIT/CITY/*``: ``_gtFine_labelIds.png`` (0 = unlabelled),
``_gtFine_labelTrainIds.png`` (255 = ignored), ``_gtFine_instanceIds.png`` (16 bit: labelId * 1000 + number for a
thing, labelId alone for stuff and for groups).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from mmseg.datasets import CityscapesDataset

from mmmaskattn.data_tools.mini.scene import KINDS, VOID, Scene
from mmmaskattn.data_tools.mini.write import SceneWriter, write_picture

LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""labelId of each trainId, 0 to 18."""
CITIES = {'train': ('minitown', 'minibourg'), 'val': ('miniville',)}


class _Maps(NamedTuple):
    label_ids: np.ndarray
    train_ids: np.ndarray
    instance_ids: np.ndarray


class CityscapesWriter(SceneWriter):
    """Writes the Cityscapes layout."""

    class_of = {
        'sky': 'sky', 'building': 'building', 'tree': 'vegetation', 'grass': 'terrain', 'road': 'road',
        'pavement': 'sidewalk', 'person': 'person', 'car': 'car', 'bus': 'bus', 'bicycle': 'bicycle',
    }  # fmt: skip

    def native_size(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
        """Return (width / 2, width): all images of Cityscapes are of one size, twice as wide as high."""
        return size[1] // 2, size[1] // 2 * 2

    def add(self, scene: Scene, split: str, index: int) -> None:
        """Write the image and the three annotation maps of one scene."""
        cities = CITIES[split]
        city = cities[index % len(cities)]
        stem = f'{city}_{index // len(cities):06d}_000019'
        write_picture(self.root / 'leftImg8bit' / split / city / f'{stem}_leftImg8bit.png', scene.image)
        maps = self._maps(scene)
        annotations = self.root / 'gtFine' / split / city
        write_picture(annotations / f'{stem}_gtFine_labelIds.png', maps.label_ids)
        write_picture(annotations / f'{stem}_gtFine_labelTrainIds.png', maps.train_ids)
        write_picture(annotations / f'{stem}_gtFine_instanceIds.png', maps.instance_ids)

    def _maps(self, scene: Scene) -> _Maps:
        """Return the three maps of a scene."""
        label_of = np.zeros(VOID + 1, np.uint8)
        train_of = np.full(VOID + 1, 255, np.uint8)
        for i, kind in enumerate(KINDS):
            if kind.name in self.class_of:
                train_of[i] = CityscapesDataset.METAINFO['classes'].index(self.class_of[kind.name])
                label_of[i] = LABEL_IDS[train_of[i]]
        label_ids = label_of[scene.kinds]
        instance_ids = label_ids.astype(np.uint16)
        seen: dict[str, int] = {}
        for i, thing in enumerate(scene.objects, 1):
            if not thing.crowd:
                number = seen.get(thing.kind.name, 0)
                seen[thing.kind.name] = number + 1
                mask = scene.instances == i
                instance_ids[mask] = instance_ids[mask] * 1000 + number
        return _Maps(label_ids, train_of[scene.kinds], instance_ids)

    def finish(self) -> None:
        """Do nothing: the layout has no file for the whole set."""
