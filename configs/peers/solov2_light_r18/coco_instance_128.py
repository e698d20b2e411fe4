# COCO, instances, 128x128: SOLOv2-light on ResNet-18.
_base_ = ['../../_base_/models/solov2_light_r18.py', '../../_base_/tasks/coco_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
