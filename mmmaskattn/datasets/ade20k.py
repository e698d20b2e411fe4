"""ADE20K with instances, and panoptic ADE20K."""

from __future__ import annotations

from mmmaskattn.datasets.categories import ADE20K_INSTANCE_CATEGORIES, ADE20K_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.class_labels import metainfo_of
from mmmaskattn.datasets.coco import CocoInstanceDataset, CocoPanopticDataset, instance_metainfo
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


@DATASETS.register_module()
class ADE20KPanopticDataset(CocoPanopticDataset):
    """ADE20K panoptic: 100 things, then 50 kinds of stuff; see `CocoPanopticDataset` for options and samples.

    Expected under ``data_root`` (ADEChallengeData2016), as ``tools/data/prepare_ade20k.py`` writes it:
    ``ade20k_panoptic_{train,val}.json``, the pictures in ``ade20k_panoptic_{train,val}/`` and the images in
    ``images/{training,validation}/``. A json of the same name whose categories are in the semantic order (wall first)
    has other ids and is refused.
    """

    CATEGORIES = ADE20K_PANOPTIC_CATEGORIES
    METAINFO = metainfo_of(ADE20K_PANOPTIC_CATEGORIES)
