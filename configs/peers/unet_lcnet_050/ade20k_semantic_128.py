# ADE20K, semantic, 128x128: a thin U-Net on LCNet.
_base_ = ['../../_base_/models/unet_lcnet_050.py', '../../_base_/tasks/ade20k_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
