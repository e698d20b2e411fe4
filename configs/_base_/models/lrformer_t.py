# LRFormer-T and LRHead with the published settings, for about 512 pixels. No weights are loaded.
_base_ = './maskattn_unet_base.py'
model = dict(
    backbone=dict(_delete_=True, type='mmmaskattn.LRFormer', arch='T'),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.LRHead',
        in_channels=[96, 240, 384],
        in_index=[1, 2, 3],
        channels=256,
        dropout_ratio=0.1,
        num_classes=150,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
