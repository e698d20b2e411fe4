"""Cityscapes instance annotations as mmdet samples."""

from __future__ import annotations

from mmmaskattn.datasets.cityscapes_categories import CITYSCAPES_INSTANCE_CATEGORIES
from mmmaskattn.datasets.coco_instance import CocoInstanceDataset, instance_metainfo
from mmmaskattn.registry import DATASETS


@DATASETS.register_module()
class CityscapesInstanceDataset(CocoInstanceDataset):
    """Cityscapes instances: 8 things; see `CocoInstanceDataset` for options and samples.

    Expected under ``data_root``, as ``tools/data/prepare_cityscapes.py`` writes it:
    ``annotations/instancesonly_filtered_gtFine_{train,val}.json`` and the images in ``leftImg8bit/{train,val}/CITY/``.
    """

    CATEGORIES = CITYSCAPES_INSTANCE_CATEGORIES
    METAINFO = instance_metainfo(CITYSCAPES_INSTANCE_CATEGORIES)
