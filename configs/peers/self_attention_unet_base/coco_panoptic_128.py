# COCO, panoptic, 128x128: base with plain self-attention, as in the paper's Table 7.
_base_ = ['../../_base_/models/self_attention_unet_base_bottom_up.py', '../../_base_/tasks/coco_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
