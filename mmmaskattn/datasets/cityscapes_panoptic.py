"""Cityscapes panoptic annotations as mmdet samples; mmdet 3.3 has no such data set."""

from __future__ import annotations

from mmmaskattn.datasets.cityscapes_categories import CITYSCAPES_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.class_labels import metainfo_of
from mmmaskattn.datasets.coco_panoptic import CocoPanopticDataset
from mmmaskattn.registry import DATASETS


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
