# Cityscapes, instances, 128x128: tiny with plain self-attention.
_base_ = '../maskattn/cityscapes_instance_128_tiny.py'
model = dict(
    backbone=dict(attention_masks=(None, None, None, None, 'none')),
    neck=dict(attention_masks=(None, None, 'none', 'none')),
)
