# COCO, panoptic, 128x128, LRFormer-T and MaskAttnDecoder;
# see configs/maskattn/coco_panoptic_128.py.
_base_ = ['../_base_/models/lrformer_t_bottom_up_128.py', '../_base_/tasks/coco_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
