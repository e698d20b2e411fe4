_base_ = './maskattn_unet_base.py'
model = dict(backbone=dict(arch='small'), neck=dict(arch='small'))
