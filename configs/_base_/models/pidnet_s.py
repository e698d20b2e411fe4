# PIDNet-S, mmseg's own parts, from scratch. Edges are 2 pixels wide in place of 4, and the losses of the hardest pixels
# take at least 2731 in place of 131072: the same share of 8 images of 128x128 as of 6 of 1024x1024.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN')
act_cfg = dict(type='ReLU', inplace=True)
hardest = dict(type='OhemCrossEntropy', thres=0.9, min_kept=2731, loss_weight=1.0)
model = dict(
    type='mmmaskattn.CrossProcessEncoderDecoder',
    backbone=dict(
        _delete_=True,
        type='PIDNet',
        in_channels=3,
        channels=32,
        ppm_channels=96,
        num_stem_blocks=2,
        num_branch_blocks=3,
        align_corners=False,
        norm_cfg=norm_cfg,
        act_cfg=act_cfg,
    ),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.EdgePIDHead',
        edge_width=2,
        in_channels=128,
        channels=128,
        num_classes=150,
        norm_cfg=norm_cfg,
        act_cfg=act_cfg,
        align_corners=True,
        loss_decode=[
            dict(type='mmmaskattn.PixelCrossEntropyLoss', loss_weight=0.4),
            hardest,
            dict(type='BoundaryLoss', loss_weight=20.0),
            hardest,
        ],
    ),
)
