"""Cityscapes with instances, and panoptic Cityscapes, as the prepare tool writes them."""

from __future__ import annotations

from mmmaskattn.datasets.categories import CITYSCAPES_INSTANCE_CATEGORIES, CITYSCAPES_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.class_labels import metainfo_of
from mmmaskattn.datasets.coco import CocoInstanceDataset, CocoPanopticDataset, instance_metainfo
from mmmaskattn.registry import DATASETS


@DATASETS.register_module()
class CityscapesInstanceDataset(CocoInstanceDataset):
    """Cityscapes instances: 8 things; see `CocoInstanceDataset` for options and samples.

    Expected under ``data_root``, as ``tools/data/prepare_cityscapes.py`` writes it:
    ``annotations/instancesonly_filtered_gtFine_{train,val}.json`` and the images in ``leftImg8bit/{train,val}/CITY/``.
    """

    CATEGORIES = CITYSCAPES_INSTANCE_CATEGORIES
    METAINFO = instance_metainfo(CITYSCAPES_INSTANCE_CATEGORIES)


@DATASETS.register_module()
class CityscapesPanopticDataset(CocoPanopticDataset):
    """Cityscapes panoptic: 8 things, then 11 kinds of stuff; see `CocoPanopticDataset` for options and samples.

    Expected under ``data_root``, as ``tools/data/prepare_cityscapes.py`` writes it:
    ``annotations/cityscapes_panoptic_{train,val}.json``, the pictures in ``gtFine/cityscapes_panoptic_{train,val}/``
    and the images in ``leftImg8bit/{train,val}/CITY/``. Class indices are things first and so not the trainIds of the
    semantic task.
    """

    CATEGORIES = CITYSCAPES_PANOPTIC_CATEGORIES
    METAINFO = metainfo_of(CITYSCAPES_PANOPTIC_CATEGORIES)
