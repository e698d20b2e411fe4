# Cityscapes, instances, 128x128: Mask2Former on ResNet-50.
_base_ = ['../../_base_/models/mask2former_r50_instance.py', '../../_base_/tasks/cityscapes_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
