# COCO panoptic classes, semantic, 128x128: U-Net, 31 M parameters.
_base_ = ['../../_base_/models/unet_w64.py', '../../_base_/tasks/coco_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
