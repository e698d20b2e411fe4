_base_ = './maskattn_unet_base.py'
model = dict(backbone=dict(arch='tiny'), neck=dict(arch='tiny'), decode_head=dict(in_channels=24, channels=24))
