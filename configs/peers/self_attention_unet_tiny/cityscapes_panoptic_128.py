# Cityscapes, panoptic, 128x128: tiny with plain self-attention.
_base_ = ['../../_base_/models/self_attention_unet_tiny_bottom_up.py', '../../_base_/tasks/cityscapes_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
