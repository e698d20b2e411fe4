# COCO, instances, 128x128: tiny with plain self-attention.
_base_ = '../maskattn/coco_instance_128_tiny.py'
model = dict(backbone=dict(masks=(None, None, None, None, 'none')), neck=dict(masks=(None, None, 'none', 'none')))
