# Our trunk without attention, widened to the multiply-adds of tiny: the peer that attention has to beat.
_base_ = './maskattn_unet_tiny.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (26, 54, 106, 144, 144)
model = dict(
    backbone=dict(attention_masks=None, channels=channels),
    neck=dict(attention_masks=None, in_channels=channels, channels=channels[:-1]),
    decode_head=dict(in_channels=26, channels=26),
    auxiliary_head=auxiliary_heads(channels[:-1]),
)
