_base_ = './bottom_up_base.py'
model = dict(
    backbone=dict(arch='tiny'),
    neck=dict(arch='tiny'),
    segment_head=dict(in_channels=24, hidden_channels=48, seed_channels=24, class_channels=64, upsample=2),
)
