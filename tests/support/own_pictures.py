"""Drawn pictures with bright discs and squares on dark ground, labelled in every layout that ``mmmaskattn init`` reads.

No picture is square or of the network's size; sizes differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmmaskattn.datasets.panoptic_png import id_to_rgb

CLASSES = ('disc', 'square')


class Scene:
    """One drawn picture.

    Args:
        number: Which one.

    Attributes:
        name: Its name, without suffix.
        image: uint8 (H, W, 3), BGR.
        objects: Label and polygon (N, 2) of each object; none overlap.
    """

    def __init__(self, number: int) -> None:
        rng = np.random.default_rng(number)
        self.name = f'shot_{number}'
        height, width = 150 + 2 * number, 210 + 4 * number
        self.image = rng.integers(0, 60, (height, width, 3), np.uint8)
        self.objects: list[tuple[int, np.ndarray]] = []
        for place in range(2 + number % 3):
            label, radius = (number + place) % 2, int(rng.integers(14, 22))
            centre = np.array((30 + 55 * place, int(rng.integers(40, 110))))
            steps = np.linspace(0, 2 * np.pi, 24 if label == 0 else 4, endpoint=False) + np.pi / 4
            polygon = np.round(centre + radius * np.stack([np.cos(steps), np.sin(steps)], 1)).astype(int)
            cv2.fillPoly(self.image, [polygon], (60, 200, 90) if label == 0 else (200, 80, 220))
            self.objects.append((label, polygon))

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.image.shape[:2]

    def painted(self, value: Callable[[int, int], int], dtype: type = np.uint8) -> np.ndarray:
        """A map of values.

        Args:
            value: Of the number (from 1) and the label of an object.
            dtype: Of the map.
        """
        canvas = np.zeros(self.size, np.int32)
        for number, (label, polygon) in enumerate(self.objects, 1):
            cv2.fillPoly(canvas, [polygon], value(number, label))
        return canvas.astype(dtype)

    def mask(self, number: int) -> np.ndarray:
        """Object of a number (from 1): 0 and 255."""
        return self.painted(lambda one, _: 255 * (one == number))


def draw_images(root: Path, count: int = 7, suffixes: tuple[str, ...] = ('.jpg',)) -> list[Scene]:
    """Write pictures to ``images``; return what they show."""
    scenes = [Scene(number) for number in range(count)]
    for number, scene in enumerate(scenes):
        write_picture(root / 'images' / f'{scene.name}{suffixes[number % len(suffixes)]}', scene.image)
    return scenes


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a picture, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def draw_labels(root: Path, layout: str, scenes: list[Scene]) -> None:
    """Write the labels of a layout to ``labels``."""
    labels = root / 'labels'
    labels.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        _WRITERS[layout](labels, scene)


def _indices(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}.png', scene.painted(lambda _, label: label + 1))


def _suffixed(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}_mask.png', scene.painted(lambda _, label: label + 1))


def _palette(labels: Path, scene: Scene) -> None:
    picture = Image.fromarray(scene.painted(lambda _, label: label + 1), 'P')
    picture.putpalette([0, 0, 0, 200, 0, 0, 0, 120, 250])
    picture.save(labels / f'{scene.name}.png')


def _levels(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}.png', scene.painted(lambda _, label: 100 * (label + 1)))


def _binary(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}.png', scene.painted(lambda *_: 255))


def _blurred(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}.jpg', scene.painted(lambda *_: 255))


def _colours(labels: Path, scene: Scene) -> None:
    palette = np.array([(0, 0, 0), (0, 0, 200), (250, 120, 0)], np.uint8)  # BGR
    write_picture(labels / f'{scene.name}.png', palette[scene.painted(lambda _, label: label + 1)])


def _ids(labels: Path, scene: Scene) -> None:
    write_picture(labels / f'{scene.name}.png', scene.painted(lambda number, _: 300 * number, np.uint16))


def _object_folders(labels: Path, scene: Scene) -> None:
    for number in range(1, len(scene.objects) + 1):
        write_picture(labels / scene.name / f'{number:03d}.png', scene.mask(number))


def _object_files(labels: Path, scene: Scene) -> None:
    for number in range(1, len(scene.objects) + 1):
        write_picture(labels / f'{scene.name}_{number}.png', scene.mask(number))


def _labelme(labels: Path, scene: Scene) -> None:
    shapes = [
        dict(label=CLASSES[label], points=polygon.tolist(), group_id=None, shape_type='polygon')
        for label, polygon in scene.objects
    ]
    shapes.append(dict(label='remark', points=[[3, 4]], shape_type='point'))
    content = dict(shapes=shapes, imagePath=f'{scene.name}.jpg', imageHeight=scene.size[0], imageWidth=scene.size[1])
    (labels / f'{scene.name}.json').write_text(json.dumps(content))


def _yolo(labels: Path, scene: Scene) -> None:
    (labels / 'classes.txt').write_text('disc\nsquare\n')
    lines = [
        ' '.join([str(label), *(f'{value:.6f}' for value in (polygon / scene.size[::-1]).ravel())])
        for label, polygon in scene.objects
    ]
    (labels / f'{scene.name}.txt').write_text('\n'.join(lines) + '\n')


_WRITERS = {
    'indices': _indices,
    'palette': _palette,
    'suffixed': _suffixed,
    'levels': _levels,
    'binary': _binary,
    'blurred': _blurred,
    'colours': _colours,
    'ids': _ids,
    'object_folders': _object_folders,
    'object_files': _object_files,
    'labelme': _labelme,
    'yolo': _yolo,
}


def write_coco(root: Path, scenes: list[Scene]) -> Path:
    """Write an instance json, ``annotations.json``, with ids out of order and a category that has no object."""
    categories = [dict(id=9, name='square'), dict(id=4, name='disc'), dict(id=2, name='star')]
    images, annotations = [], []
    for number, scene in enumerate(scenes, 50):
        images.append(dict(id=number, file_name=f'{scene.name}.jpg', height=scene.size[0], width=scene.size[1]))
        for label, polygon in scene.objects:
            left, top = polygon.min(0).tolist()
            width, height = (polygon.max(0) - polygon.min(0)).tolist()
            annotations.append(
                dict(
                    id=len(annotations) + 1, image_id=number, category_id=(4, 9)[label], iscrowd=0,
                    bbox=[left, top, width, height], area=width * height, segmentation=[polygon.ravel().tolist()],
                )
            )  # fmt: skip
    path = root / 'annotations.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path


def write_panoptic(root: Path, scenes: list[Scene]) -> Path:
    """Write a panoptic json, ``panoptic.json``, and its pictures, ``panoptic``: the ground is stuff."""
    categories = [dict(id=1, name='disc', isthing=1), dict(id=2, name='square', isthing=1)]
    categories.append(dict(id=3, name='ground', isthing=0))
    images, annotations = [], []
    for number, scene in enumerate(scenes, 1):
        images.append(dict(id=number, file_name=f'{scene.name}.jpg', height=scene.size[0], width=scene.size[1]))
        ids = scene.painted(lambda one, _: one, np.int32)
        ids[ids == 0] = 1000
        segments = [dict(id=place, category_id=label + 1) for place, (label, _) in enumerate(scene.objects, 1)]
        segments.append(dict(id=1000, category_id=3))
        annotations.append(dict(image_id=number, file_name=f'{scene.name}.png', segments_info=segments))
        write_picture(root / 'panoptic' / f'{scene.name}.png', id_to_rgb(ids)[..., ::-1])
    path = root / 'panoptic.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path
