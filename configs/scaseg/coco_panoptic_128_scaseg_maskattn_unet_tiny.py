# COCO, panoptic, 128x128, strip cross-attention on the encoder of MaskAttn-UNet tiny;
# see configs/maskattn/coco_panoptic_128.py.
_base_ = ['../_base_/models/scaseg_maskattn_unet_tiny_bottom_up.py', '../_base_/tasks/coco_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
