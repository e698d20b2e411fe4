"""From what users download to what the instance and panoptic configs read, for ADE20K, Cityscapes and COCO."""

from mmmaskattn.data_tools.prepare.ade20k import ade20k_splits
from mmmaskattn.data_tools.prepare.cityscapes import cityscapes_splits
from mmmaskattn.data_tools.prepare.coco import check_coco
from mmmaskattn.data_tools.prepare.run import prepare_splits

__all__ = ['ade20k_splits', 'check_coco', 'cityscapes_splits', 'prepare_splits']
