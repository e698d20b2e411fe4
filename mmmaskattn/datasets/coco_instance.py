"""COCO instance annotations as mmdet samples; also the base of the other instance data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mmmaskattn.datasets.category import Category
from mmmaskattn.datasets.class_labels import chosen_metainfo, metainfo_of
from mmmaskattn.datasets.coco_categories import COCO_INSTANCE_CATEGORIES
from mmmaskattn.datasets.coco_json import check_unique
from mmmaskattn.datasets.coco_json_dataset import CocoJsonDataset
from mmmaskattn.datasets.transforms.segment_map import IGNORE_LABEL
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
    ANNOTATION_KEYS: ClassVar[set[str]] = {'id', 'image_id', 'category_id', 'bbox', 'segmentation'}

    @classmethod
    def _choose_classes(cls, given: Mapping) -> dict[str, Any]:
        """Every class is a thing."""
        things = given.get('classes', given.get('thing_classes', ()))
        chosen = chosen_metainfo({**given, 'thing_classes': things, 'stuff_classes': ()}, cls.CATEGORIES)
        return {**chosen, 'stuff_classes': ('background',)}

    def check_annotations(self, annotations: list[dict]) -> None:
        """Check that no id occurs twice.

        Args:
            annotations: All of the json.

        Raises:
            ValueError: If one does.
        """
        check_unique([annotation['id'] for annotation in annotations], f'{self.ann_file}: annotation ids')

    def truth(self, image: dict, annotations: list[dict], labels: dict[int, int]) -> dict[str, Any]:
        """Make ``instances`` and ``background_label`` of an image.

        Args:
            image: The image's entry in the json.
            annotations: Its annotations.
            labels: Class index of each category id.

        Returns:
            The two keys.

        Raises:
            ValueError: If an annotation has a category that the json does not list.
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
            bbox_label=self.label(annotation['category_id'], labels, f'annotation {annotation["id"]}'),
            mask=annotation['segmentation'],
            ignore_flag=int(bool(annotation.get('iscrowd') or annotation.get('ignore'))),
        )

    def has_truth(self, info: dict) -> bool:
        """Whether an image has an instance that is no crowd.

        Args:
            info: The sample.

        Returns:
            True if so.
        """
        return any(not instance['ignore_flag'] for instance in info['instances'])
