# COCO, panoptic, 128x128: tiny with plain self-attention, as in the paper's Table 7.
_base_ = '../maskattn/coco_panoptic_128_tiny.py'
model = dict(backbone=dict(masks=(None, None, None, None, 'none')), neck=dict(masks=(None, None, 'none', 'none')))
