# MaskAttn-UNet, tiny. Each coarser map of the decoder learns the classes by a 1x1 convolution of its own, which a
# prediction leaves out: docs/explanation/recipe.md has what that is worth.
_base_ = './maskattn_unet_base.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (24, 48, 96, 128)
model = dict(
    backbone=dict(arch='tiny'),
    neck=dict(arch='tiny'),
    decode_head=dict(in_channels=channels[0], channels=channels[0]),
    auxiliary_head=auxiliary_heads(channels),
)
