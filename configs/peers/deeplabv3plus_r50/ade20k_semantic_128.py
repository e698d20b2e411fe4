# ADE20K, semantic, 128x128: DeepLabV3+ on ResNet-50.
_base_ = ['../../_base_/models/deeplabv3plus_r50.py', '../../_base_/tasks/ade20k_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
