# bottom_up_base with plain self-attention, M = 0, at every stage.
_base_ = './bottom_up_base.py'
model = dict(backbone=dict(masks='none'), neck=dict(masks='none'))
