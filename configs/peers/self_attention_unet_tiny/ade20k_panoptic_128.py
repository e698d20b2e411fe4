# ADE20K, panoptic, 128x128: tiny with plain self-attention.
_base_ = '../maskattn/ade20k_panoptic_128_tiny.py'
model = dict(backbone=dict(masks=(None, None, None, None, 'none')), neck=dict(masks=(None, None, 'none', 'none')))
