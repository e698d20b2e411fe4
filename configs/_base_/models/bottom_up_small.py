_base_ = './bottom_up_base.py'
model = dict(backbone=dict(arch='small'), neck=dict(arch='small'), segment_head=dict(upsample=2))
