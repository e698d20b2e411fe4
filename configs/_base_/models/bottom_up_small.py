# bottom_up_tiny with the trunk of small and wider branches.
_base_ = './bottom_up_tiny.py'
from mmmaskattn.utils.configs import auxiliary_class_heads

channels = (48, 96, 192, 256)
model = dict(
    backbone=dict(arch='small'),
    neck=dict(arch='small'),
    segment_head=dict(in_channels=channels[0], hidden_channels=64, seed_channels=32, class_channels=128),
    auxiliary_head=auxiliary_class_heads(channels),
)
