"""What the instance and panoptic data sets share: a COCO-format json becomes mmdet's samples."""

from __future__ import annotations

import os.path as osp
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from mmdet.datasets.base_det_dataset import BaseDetDataset

from mmmaskattn.datasets.categories import Category
from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.datasets.class_labels import chosen_metainfo, label_of_categories
from mmmaskattn.datasets.coco_json import load_coco_json
from mmmaskattn.datasets.coco_schema import Kind


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
