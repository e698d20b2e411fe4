# COCO, panoptic, 128x128: base with plain self-attention, as in the paper's Table 7.
_base_ = '../maskattn/coco_panoptic_128.py'
model = dict(backbone=dict(masks='none'), neck=dict(masks='none'))
