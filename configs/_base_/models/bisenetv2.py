# BiSeNetV2, mmseg's own parts, from scratch as published. Its four auxiliary heads serve training only.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN')
head = dict(
    type='FCNHead',
    concat_input=False,
    dropout_ratio=0.1,
    num_classes=150,
    norm_cfg=norm_cfg,
    align_corners=False,
    loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
)
model = dict(
    backbone=dict(_delete_=True, type='BiSeNetV2', norm_cfg=norm_cfg),
    neck=None,
    decode_head=dict(_delete_=True, **head, in_index=0, in_channels=128, channels=1024, num_convs=1),
    auxiliary_head=[
        dict(head, in_index=1, in_channels=16, channels=16, num_convs=2),
        dict(head, in_index=2, in_channels=32, channels=64, num_convs=2),
        dict(head, in_index=3, in_channels=64, channels=256, num_convs=2),
        dict(head, in_index=4, in_channels=128, channels=1024, num_convs=2),
    ],
)
