# tiny with mask attention at the bottleneck and at the two coarsest stages of the decoder, narrowed to the time of tiny
# in ONNX Runtime: docs/explanation/attention.md compares them. Other masks by model.backbone.attention_masks and
# model.neck.attention_masks.
_base_ = './maskattn_unet_tiny.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (20, 40, 80, 112, 128)
model = dict(
    backbone=dict(channels=channels, attention_masks=(None, None, None, None, 'gate')),
    neck=dict(in_channels=channels, channels=channels[:-1], attention_masks=(None, None, 'gate', 'gate')),
    decode_head=dict(in_channels=channels[0], channels=channels[0]),
    auxiliary_head=auxiliary_heads(channels[:-1]),
)
