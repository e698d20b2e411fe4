# COCO, panoptic, 128x128, strip cross-attention on the encoder of MaskAttn-UNet tiny;
# see configs/maskattn/coco_panoptic_128.py.
_base_ = ['../_base_/models/scaseg_maskattn_unet_tiny_bottom_up.py', '../_base_/tasks/coco_panoptic_128.py']
model = dict(segment_head=dict(num_things=_base_.num_things, num_stuff=_base_.num_stuff))
