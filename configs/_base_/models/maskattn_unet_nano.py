# MaskAttn-UNet, nano, with auxiliary heads as in maskattn_unet_tiny.py.
_base_ = './maskattn_unet_base.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (16, 32, 64, 96)
model = dict(
    backbone=dict(arch='nano'),
    neck=dict(arch='nano'),
    decode_head=dict(in_channels=channels[0], channels=channels[0]),
    auxiliary_head=auxiliary_heads(channels),
)
