# MaskAttn-UNet, small, with auxiliary heads as in maskattn_unet_tiny.py.
_base_ = './maskattn_unet_base.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (48, 96, 192, 256)
model = dict(
    backbone=dict(arch='small'),
    neck=dict(arch='small'),
    decode_head=dict(in_channels=channels[0], channels=channels[0]),
    auxiliary_head=auxiliary_heads(channels),
)
