# LRASPP on MobileNetV3-Large, mmseg's own parts, from scratch; its gate pools the whole map.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN', eps=0.001)
model = dict(
    backbone=dict(_delete_=True, type='MobileNetV3', arch='large', out_indices=(1, 3, 16), norm_cfg=norm_cfg),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.GlobalLRASPPHead',
        in_channels=(16, 24, 960),
        in_index=(0, 1, 2),
        channels=128,
        input_transform='multiple_select',
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=norm_cfg,
        act_cfg=dict(type='ReLU'),
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
