# bottom_up_tiny with the trunk of maskattn_unet_tiny_gate.py.
_base_ = './bottom_up_tiny.py'
from mmmaskattn.utils.configs import auxiliary_class_heads

channels = (20, 40, 80, 112, 128)
model = dict(
    backbone=dict(channels=channels, attention_masks=(None, None, None, None, 'gate')),
    neck=dict(in_channels=channels, channels=channels[:-1], attention_masks=(None, None, 'gate', 'gate')),
    segment_head=dict(in_channels=channels[0]),
    auxiliary_head=auxiliary_class_heads(channels[:-1]),
)
