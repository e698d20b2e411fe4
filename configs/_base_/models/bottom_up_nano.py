# bottom_up_tiny with the trunk of nano and narrower branches.
_base_ = './bottom_up_tiny.py'
from mmmaskattn.utils.configs import auxiliary_class_heads

channels = (16, 32, 64, 96)
model = dict(
    backbone=dict(arch='nano'),
    neck=dict(arch='nano'),
    segment_head=dict(in_channels=channels[0], hidden_channels=32, seed_channels=16, class_channels=48),
    auxiliary_head=auxiliary_class_heads(channels),
)
