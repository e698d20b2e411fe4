# DDRNet-23-slim, mmseg's own parts, from scratch. The losses of the hardest pixels take at least 2731 in place of
# 131072: the same share of 8 images of 128x128 as of 6 of 1024x1024.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN')
hardest = dict(type='OhemCrossEntropy', thres=0.9, min_kept=2731)
model = dict(
    type='mmmaskattn.CrossProcessEncoderDecoder',
    backbone=dict(
        _delete_=True,
        type='DDRNet',
        in_channels=3,
        channels=32,
        ppm_channels=128,
        norm_cfg=norm_cfg,
        align_corners=False,
    ),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='DDRHead',
        in_channels=128,
        channels=64,
        dropout_ratio=0.0,
        num_classes=150,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=[dict(hardest, loss_weight=1.0), dict(hardest, loss_weight=0.4)],
    ),
)
