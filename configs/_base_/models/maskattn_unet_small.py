# MaskAttn-UNet, small, with auxiliary heads as in maskattn_unet_tiny.py.
_base_ = './maskattn_unet_base.py'
from mmmaskattn.utils.configs import auxiliary_heads

model = dict(backbone=dict(arch='small'), neck=dict(arch='small'), auxiliary_head=auxiliary_heads((64, 128, 256, 320)))
