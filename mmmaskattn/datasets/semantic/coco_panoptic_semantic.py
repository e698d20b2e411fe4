"""COCO panoptic annotations as a semantic data set of 133 classes, read from the official json and PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mmseg.datasets import BaseSegDataset

from mmmaskattn.datasets.categories import COCO_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.checks.class_names import check_class_names
from mmmaskattn.datasets.coco_json import load_coco_json
from mmmaskattn.datasets.coco_schema import Kind
from mmmaskattn.registry import DATASETS
from mmmaskattn.utils.option_types import Name

_OFFICIAL_NAMES = {category.id: category.name for category in COCO_PANOPTIC_CATEGORIES}
_CLASS_INDEX = {category.id: index for index, category in enumerate(COCO_PANOPTIC_CATEGORIES)}


@DATASETS.register_module()
class CocoPanopticSemanticDataset(BaseSegDataset):
    """COCO panoptic 2017 for semantic segmentation: 80 things, then 53 kinds of stuff; no conversion on disk.

    Expected under ``data_root``: ``annotations/panoptic_{train,val}2017.json``, the pictures of the same name in
    ``annotations/panoptic_{train,val}2017/`` and the images in ``{train,val}2017/``. The label map of a sample comes
    from `LoadPanopticAsSemantic`, which reads its ``segments_info``: dictionaries with ``id``, ``category`` (class
    index, or the ignore index for a class left out by ``metainfo['classes']``) and ``is_thing``.

    Args:
        ann_file: The panoptic json, relative to ``data_root``.
        **kwargs: Options of `BaseSegDataset`: ``data_root``, ``data_prefix`` with ``img_path`` and ``seg_map_path``,
            ...

    Raises:
        FileNotFoundError: If the json is missing.
        ValueError: If the json is no panoptic annotation or its categories are not COCO's.
    """

    KIND: ClassVar[Kind] = 'panoptic'
    METAINFO = dict(
        classes=tuple(category.name for category in COCO_PANOPTIC_CATEGORIES),
        palette=[list(category.colour) for category in COCO_PANOPTIC_CATEGORIES],
    )

    REFUSED_OPTIONS: ClassVar[dict[str, str]] = dict.fromkeys(
        ('img_suffix', 'seg_map_suffix'), 'has no effect: the json names the files; remove it from the config'
    )

    def __init__(self, ann_file: Name, **kwargs: Any) -> None:
        super().__init__(ann_file=ann_file, **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping | None = None) -> dict:
        check_class_names(metainfo)
        return super()._load_metainfo(metainfo)

    def load_data_list(self) -> list[dict]:
        """Read the json.

        Returns:
            One dictionary per annotated image, in the order of the json.
        """
        content = load_coco_json(self.ann_file, self.KIND, self.backend_args)
        check_categories(content['categories'], self.ann_file)
        images = {image['id']: image for image in content['images']}
        return [self._data_info(annotation, images[annotation['image_id']]) for annotation in content['annotations']]

    def _data_info(self, annotation: dict, image: dict) -> dict[str, Any]:
        """Paths and segments of one annotation."""
        return dict(
            img_path=str(Path(self.data_prefix['img_path']) / image['file_name']),
            seg_map_path=str(Path(self.data_prefix['seg_map_path']) / annotation['file_name']),
            height=image['height'],
            width=image['width'],
            segments_info=[self._segment(segment) for segment in annotation['segments_info']],
            label_map=None,  # already applied to the segments
            reduce_zero_label=False,
            seg_fields=[],
        )

    def _segment(self, segment: dict) -> dict[str, Any]:
        """Class index of one segment, after a choice of classes."""
        index = _CLASS_INDEX[segment['category_id']]
        category = index if self.label_map is None else self.label_map[index]
        return dict(id=segment['id'], category=category, is_thing=COCO_PANOPTIC_CATEGORIES[index].isthing)


def check_categories(categories: list[dict], ann_file: str) -> None:
    """Check a json's category list against COCO's.

    Args:
        categories: Dictionaries with ``id`` and ``name``.
        ann_file: The json, for the message.

    Raises:
        ValueError: If a category is unknown or carries another name.
    """
    wrong = {c['id']: c['name'] for c in categories if _OFFICIAL_NAMES.get(c['id']) != c['name']}
    if wrong:
        raise ValueError(
            f'{ann_file}: categories {wrong} are not those of COCO panoptic (133 ids and names, see '
            f'mmmaskattn/datasets/categories.py). For another category list write a data set class of its own.'
        )
