"""COCO with instances, and panoptic COCO."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping
from typing import Any, ClassVar

from mmmaskattn.datasets.categories import COCO_INSTANCE_CATEGORIES, COCO_PANOPTIC_CATEGORIES, Category
from mmmaskattn.datasets.class_labels import chosen_metainfo, metainfo_of
from mmmaskattn.datasets.coco_json_dataset import CocoJsonDataset
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL
from mmmaskattn.registry import DATASETS


def instance_metainfo(categories: tuple[Category, ...]) -> dict[str, Any]:
    """METAINFO of an instance data set.

    Args:
        categories: Its class table, things only.

    Returns:
        ``classes`` and ``palette`` of the things, ``thing_classes``, and ``stuff_classes``: the background, whose label
        is the number of things.
    """
    return {**metainfo_of(categories), 'stuff_classes': ('background',)}


@DATASETS.register_module()
class CocoInstanceDataset(CocoJsonDataset):
    """COCO instances 2017: 80 things.

    Expected under ``data_root``: ``annotations/instances_{train,val}2017.json`` and the images in ``{train,val}2017/``.

    A sample: ``img_path``, ``img_id``, ``height``, ``width``, ``background_label`` (the number of classes) and mmdet's
    ``instances``: dictionaries with ``id``, ``bbox`` (x1, y1, x2, y2), ``bbox_label``, ``mask`` (polygons or run-length
    code), ``ignore_flag`` (crowds). `LoadInstances` reads them. Instances of classes left out are dropped. Boxes
    of any size are kept, as masks at the network's size decide what vanishes.

    Args:
        *args: See `CocoJsonDataset`.
        **kwargs: See `CocoJsonDataset`; ``metainfo=dict(classes=...)`` for classes of your own, all things.

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json is not what it should be; the message names the file and the value.
    """

    CATEGORIES: ClassVar[tuple[Category, ...]] = COCO_INSTANCE_CATEGORIES
    METAINFO = instance_metainfo(COCO_INSTANCE_CATEGORIES)
    KIND = 'instance'

    @classmethod
    def _choose_classes(cls, given: Mapping) -> dict[str, Any]:
        """Every class is a thing."""
        things = given.get('classes', given.get('thing_classes', ()))
        chosen = chosen_metainfo({**given, 'thing_classes': things, 'stuff_classes': ()}, cls.CATEGORIES)
        return {**chosen, 'stuff_classes': ('background',)}

    def truth(self, image: dict, annotations: list[dict], labels: dict[int, int]) -> dict[str, Any]:
        """Make ``instances`` and ``background_label`` of an image.

        Args:
            image: The image's entry in the json.
            annotations: Its annotations.
            labels: Class index of each category id.
        """
        found = [self._instance(annotation, labels) for annotation in annotations]
        instances = [instance for instance in found if instance['bbox_label'] != IGNORE_LABEL]
        return dict(instances=instances, background_label=len(self._metainfo['classes']))

    def _instance(self, annotation: dict, labels: dict[int, int]) -> dict[str, Any]:
        """One entry of mmdet's ``instances``."""
        x, y, width, height = annotation['bbox']
        return dict(
            id=annotation['id'],
            bbox=[x, y, x + width, y + height],
            bbox_label=labels[annotation['category_id']],
            mask=annotation['segmentation'],
            ignore_flag=int(bool(annotation.get('iscrowd') or annotation.get('ignore'))),
        )

    def has_truth(self, info: dict) -> bool:
        """Whether an image has an instance that is no crowd."""
        return any(not instance['ignore_flag'] for instance in info['instances'])


@DATASETS.register_module()
class CocoPanopticDataset(CocoJsonDataset):
    """COCO panoptic 2017: 80 things, then 53 kinds of stuff.

    Expected under ``data_root``: ``annotations/panoptic_{train,val}2017.json``, the pictures of the same name in
    ``annotations/panoptic_{train,val}2017/`` and the images in ``{train,val}2017/``. Images without things are kept.

    A sample: ``img_path``, ``img_id``, ``height``, ``width``, ``seg_map_path`` (the panoptic PNG, by the annotation's
    own ``file_name``), ``segments_info``: dictionaries with ``id``, ``category`` (class index, 255 for a class left
    out), ``isthing``, ``iscrowd``, ``area``, ``bbox`` ([x, y, width, height] as in the json). `LoadPanoptic` reads
    them.

    Args:
        *args: See `CocoJsonDataset`.
        **kwargs: See `CocoJsonDataset`; ``data_prefix=dict(img=..., seg=...)``.

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json is not what it should be; the message names the file and the value.
    """

    CATEGORIES: ClassVar[tuple[Category, ...]] = COCO_PANOPTIC_CATEGORIES
    METAINFO = metainfo_of(COCO_PANOPTIC_CATEGORIES)
    KIND = 'panoptic'

    def truth(self, image: dict, annotations: list[dict], labels: dict[int, int]) -> dict[str, Any]:
        """Make ``seg_map_path`` and ``segments_info`` of an image.

        Args:
            image: The image's entry in the json.
            annotations: Its one annotation.
            labels: Class index of each category id.
        """
        given = annotations[0]
        segments = [self._segment(segment, labels) for segment in given['segments_info']]
        path = osp.join(self.data_prefix.get('seg') or '', given['file_name'])
        return dict(seg_map_path=path, segments_info=segments)

    def _segment(self, segment: dict, labels: dict[int, int]) -> dict[str, Any]:
        """One entry of ``segments_info``."""
        label = labels[segment['category_id']]
        return dict(
            id=segment['id'],
            category=label,
            isthing=label < len(self._metainfo['thing_classes']),
            iscrowd=int(segment.get('iscrowd', 0)),
            area=segment.get('area'),
            bbox=segment.get('bbox'),
        )

    def has_truth(self, info: dict) -> bool:
        """Whether an image has any segment, stuff included."""
        return any(not s['iscrowd'] and s['category'] < len(self._metainfo['classes']) for s in info['segments_info'])

    def get_cat_ids(self, idx: int) -> list[int]:
        """List the things of a sample, for mmdet's class-balanced samplers.

        Returns:
            Class index of each thing that is no crowd.
        """
        segments = self.get_data_info(idx)['segments_info']
        return [segment['category'] for segment in segments if segment['isthing'] and not segment['iscrowd']]
