"""ADE20K panoptic annotations as mmdet samples."""

from __future__ import annotations

from mmmaskattn.datasets.ade20k_categories import ADE20K_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.class_labels import metainfo_of
from mmmaskattn.datasets.coco_panoptic import CocoPanopticDataset
from mmmaskattn.registry import DATASETS


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
