"""ADE20K instance annotations as mmdet samples."""

from __future__ import annotations

from mmmaskattn.datasets.ade20k_categories import ADE20K_INSTANCE_CATEGORIES
from mmmaskattn.datasets.coco_instance import CocoInstanceDataset, instance_metainfo
from mmmaskattn.registry import DATASETS


@DATASETS.register_module()
class ADE20KInstanceDataset(CocoInstanceDataset):
    """ADE20K instances: 100 things; see `CocoInstanceDataset` for options and samples.

    Expected under ``data_root`` (ADEChallengeData2016), as ``tools/data/prepare_ade20k.py`` writes it:
    ``ade20k_instance_{train,val}.json`` and the images in ``images/{training,validation}/``. Class k here and class k
    of `ADE20KPanopticDataset` are the same thing, though 30 of the 100 names differ.
    """

    CATEGORIES = ADE20K_INSTANCE_CATEGORIES
    METAINFO = instance_metainfo(ADE20K_INSTANCE_CATEGORIES)
