# bottom_up_tiny with plain self-attention, M = 0, where it has mask attention.
_base_ = './bottom_up_tiny.py'
model = dict(
    backbone=dict(attention_masks=(None, None, None, None, 'none')),
    neck=dict(attention_masks=(None, None, 'none', 'none')),
)
