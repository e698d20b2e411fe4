# bottom_up_tiny with plain self-attention, M = 0, where it has mask attention.
_base_ = './bottom_up_tiny.py'
model = dict(backbone=dict(masks=(None, None, None, None, 'none')), neck=dict(masks=(None, None, 'none', 'none')))
