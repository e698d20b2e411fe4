# COCO panoptic classes, semantic, 128x128: Mask2Former on ResNet-50.
_base_ = ['../../_base_/models/mask2former_r50_semantic.py', '../../_base_/tasks/coco_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
