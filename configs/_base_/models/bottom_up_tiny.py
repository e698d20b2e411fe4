# Each coarser map of the decoder learns the classes too, in training: docs/explanation/recipe.md.
_base_ = './bottom_up_base.py'
from mmmaskattn.utils.configs import auxiliary_class_heads

channels = (24, 48, 96, 128)
model = dict(
    backbone=dict(arch='tiny'),
    neck=dict(arch='tiny'),
    segment_head=dict(
        in_channels=channels[0],
        hidden_channels=48,
        seed_channels=24,
        class_channels=64,
        coordinates=False,  # the position code says where a pixel is
        separable=True,
        act_cfg=dict(type='HSwish'),
    ),
    auxiliary_head=auxiliary_class_heads(channels),
)
