# TopFormer-T, from scratch, with a stem of stride 1 in place of 2: its logits come at stride 4 in place of 8.
_base_ = './maskattn_unet_base.py'
model = dict(
    backbone=dict(_delete_=True, type='mmmaskattn.TopFormer', stem_stride=1),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.SummedMapsHead',
        in_channels=[128, 128, 128],
        in_index=[0, 1, 2],
        channels=128,
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=dict(type='mmmaskattn.CrossProcessBN'),
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
