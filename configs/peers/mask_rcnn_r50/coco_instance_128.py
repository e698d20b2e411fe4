# COCO, instances, 128x128: Mask R-CNN on ResNet-50.
_base_ = ['../../_base_/models/mask_rcnn_r50.py', '../../_base_/tasks/coco_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
