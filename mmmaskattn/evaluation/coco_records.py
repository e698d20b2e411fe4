"""Truth and predictions as the records that pycocotools evaluates, with no files in between.

Images are numbered from 0, categories are class indices, annotations are numbered from 1 (pycocotools takes a match
with number 0 for none).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mmmaskattn.datasets.coco_json import load_coco_json
from mmmaskattn.datasets.transforms.coco_masks import to_run_lengths

COCO_SIZE_BINS = (32.0**2, 96.0**2)
"""Areas in pixels that part COCO's small, medium and large."""
COCO_IMAGE_AREA = 640 * 480
"""Pixels of the picture that these areas are meant for, wherever pictures have another size."""


class ImageRecord(NamedTuple):
    """What is kept of an image until all are evaluated.

    Attributes:
        img_id: Its id in the data set.
        name: Its path, for messages.
        size: (H, W) of the evaluation: the network's size (lowres) or the image's own (native).
        truth: Annotations without ``id`` and ``image_id``.
        predicted: Predictions without ``id`` and ``image_id``.
    """

    img_id: Any
    name: str
    size: tuple[int, int]
    truth: list[dict]
    predicted: list[dict]


def encode_masks(masks: np.ndarray) -> list[dict]:
    """Run-length codes of masks.

    Args:
        masks: bool or uint8 (n, H, W).
    """
    if not len(masks):
        return []
    return coco_mask.encode(np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))


def annotations_of(masks: np.ndarray, labels: np.ndarray, **more: Any) -> list[dict]:
    """Make the annotations of one image.

    Args:
        masks: bool (n, H, W).
        labels: int64 (n,), class index.
        **more: Further keys, each with one value for all or a sequence of n.

    Returns:
        n dictionaries with ``category_id``, ``segmentation``, ``area`` in pixels, ``iscrowd`` 0, and the keys given.
    """
    areas = masks.sum(axis=(1, 2), dtype=np.int64).tolist()
    columns = {key: value if isinstance(value, Sequence) else [value] * len(areas) for key, value in more.items()}
    rows = zip(labels.tolist(), encode_masks(masks), areas)
    return [
        dict(category_id=label, segmentation=code, area=area, iscrowd=0, **{key: columns[key][i] for key in columns})
        for i, (label, code, area) in enumerate(rows)
    ]


def coco_object(images: Sequence[ImageRecord], names: Sequence[str], annotations: Sequence[Sequence[dict]]) -> COCO:
    """Build the object that pycocotools reads.

    Args:
        images: The images.
        names: Class names.
        annotations: Those of each image.
    """
    coco = COCO()
    rows = [dict(row, image_id=number) for number, found in enumerate(annotations) for row in found]
    coco.dataset = dict(
        images=[dict(id=number, height=one.size[0], width=one.size[1]) for number, one in enumerate(images)],
        categories=[dict(id=label, name=name) for label, name in enumerate(names)],
        annotations=[dict(row, id=number) for number, row in enumerate(rows, 1)],
    )
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        coco.createIndex()
    return coco


class TruthFile:
    """Truth from a COCO instance json, with masks that may overlap, at the images' own size.

    Args:
        ann_file: The json.
        backend_args: mmengine's file backend options.
    """

    def __init__(self, ann_file: str, backend_args: dict | None = None) -> None:
        self.ann_file = ann_file
        content = load_coco_json(ann_file, 'instance', backend_args)
        self._categories = {category['id']: category['name'] for category in content['categories']}
        self._images = {image['id']: image for image in content['images']}
        self._annotations: dict[Any, list[dict]] = {number: [] for number in self._images}
        for annotation in content['annotations']:
            self._annotations[annotation['image_id']].append(annotation)

    def annotations(self, image: ImageRecord, names: Sequence[str]) -> list[dict]:
        """Annotations of an image.

        Args:
            image: The image.
            names: Names of the thing classes, by which the categories are found, whatever their order.

        Returns:
            As `annotations_of` makes them; categories that are no class of the data set are left out.

        Raises:
            ValueError: If the json lacks the image or a class, or is of another size than the evaluation.
        """
        missing = sorted(set(names) - set(self._categories.values()))
        if missing:
            raise ValueError(
                f'{self.ann_file}: classes {missing[:10]} are not among its categories. Is it the right json?'
            )
        if image.img_id not in self._images:
            raise ValueError(
                f'{self.ann_file}: no image {image.img_id!r} ({image.name}). Is it the json of this split?'
            )
        entry = self._images[image.img_id]
        size = (entry['height'], entry['width'])
        if size != tuple(image.size):
            raise ValueError(
                f'{self.ann_file}: image {image.img_id!r} is {size} (height, width), but it is evaluated '
                f'at {tuple(image.size)}. ann_file is the truth of protocol native: pass --protocol native, or leave '
                f"ann_file out to evaluate at the network's size."
            )
        labels = {name: label for label, name in enumerate(names)}
        named = [
            (labels.get(self._categories.get(one['category_id'], '')), one) for one in self._annotations[image.img_id]
        ]
        return [self._record(one, label, size) for label, one in named if label is not None]

    @staticmethod
    def _record(annotation: dict, label: int, size: tuple[int, int]) -> dict[str, Any]:
        code = to_run_lengths(annotation['segmentation'], size)
        area = annotation.get('area', int(coco_mask.area(code)))
        return dict(category_id=label, segmentation=code, area=area, iscrowd=int(annotation.get('iscrowd', 0)))
