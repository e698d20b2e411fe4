"""COCO with instances, panoptic COCO, and what all data sets on a COCO json share."""

from __future__ import annotations

import os.path as osp
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from mmdet.datasets.base_det_dataset import BaseDetDataset

from mmmaskattn.datasets.categories import COCO_INSTANCE_CATEGORIES, COCO_PANOPTIC_CATEGORIES, Category
from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.datasets.class_labels import chosen_metainfo, label_of_categories, metainfo_of
from mmmaskattn.datasets.coco_json import load_coco_json
from mmmaskattn.datasets.coco_schema import Kind
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL
from mmmaskattn.registry import DATASETS


class CocoJsonDataset(BaseDetDataset):
    """Base of the data sets that read COCO-format json files.

    mmdet's own `CocoDataset` numbers the classes in the order of the json, drops segments whose box is thinner than a
    pixel, and (panoptic) drops images without things; so this derives from the class above it.

    ``filter_cfg`` (training only): ``filter_empty_gt`` drops images without truth, ``min_size`` those with a side
    shorter than that many pixels.

    Args:
        *args: Options of `BaseDetDataset`.
        **kwargs: Options of `BaseDetDataset`: ``ann_file``, ``data_root``, ``data_prefix`` (``img``; ``seg`` for
            panoptic pictures), ``metainfo`` (``thing_classes`` and ``stuff_classes`` for classes of your own), ...

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json is not what it should be; the message names the file and the value.
    """

    CATEGORIES: ClassVar[tuple[Category, ...]]
    """The class table, things first."""
    KIND: ClassVar[Kind]
    """What the json is: ``panoptic`` or ``instance``."""
    REFUSED_OPTIONS: ClassVar[dict[str, str]] = dict.fromkeys(
        ('seg_map_suffix', 'proposal_file', 'return_classes', 'caption_prompt', 'file_client_args'),
        'has no effect on a data set that reads a COCO json of ours; remove it from the config',
    )

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        """METAINFO, or what a choice of classes makes of it."""
        check_class_names(metainfo)
        loaded = super()._load_metainfo(metainfo)
        given = {key: loaded[key] for key in metainfo or {}}
        if {'classes', 'thing_classes', 'stuff_classes'} & given.keys():
            loaded.update(cls._choose_classes(given))
        return loaded

    @classmethod
    def _choose_classes(cls, given: Mapping) -> dict[str, Any]:
        return chosen_metainfo(given, cls.CATEGORIES)

    def load_data_list(self) -> list[dict]:
        """Read the json.

        Returns:
            One dictionary per image, in the order of the json.
        """
        content = load_coco_json(self.ann_file, self.KIND, self.backend_args)
        labels = label_of_categories(content['categories'], self._metainfo, self.CATEGORIES, self.ann_file)
        images = [image for image in content['images'] if self.is_wanted(image)]
        of_image: dict[Any, list[dict]] = {image['id']: [] for image in images}
        for annotation in content['annotations']:
            if annotation['image_id'] in of_image:
                of_image[annotation['image_id']].append(annotation)
        return [{**self._image_info(image), **self.truth(image, of_image[image['id']], labels)} for image in images]

    def is_wanted(self, image: dict) -> bool:
        """Whether an image takes part; all do.

        Args:
            image: Its entry in the json.
        """
        return True

    @abstractmethod
    def truth(self, image: dict, annotations: list[dict], labels: dict[int, int]) -> dict[str, Any]:
        """Make the part of a sample that holds its truth.

        Args:
            image: The image's entry in the json.
            annotations: Its annotations.
            labels: Class index of each category id.

        Returns:
            Keys of the sample.
        """

    def _image_info(self, image: dict) -> dict[str, Any]:
        """The part of a sample that describes its image."""
        path = osp.join(self.data_prefix.get('img') or '', image['file_name'])
        return dict(img_path=path, img_id=image['id'], height=image['height'], width=image['width'])

    def filter_data(self) -> list[dict]:
        """Filter by ``filter_cfg``; see the class."""
        if self.test_mode or not self.filter_cfg:
            return self.data_list
        kept = self.data_list
        if self.filter_cfg.get('filter_empty_gt', False):
            kept = [info for info in kept if self.has_truth(info)]
        shortest = self.filter_cfg.get('min_size', 0)
        return [info for info in kept if min(info['height'], info['width']) >= shortest]

    @abstractmethod
    def has_truth(self, info: dict) -> bool:
        """Whether a sample has anything to learn from."""


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
