# StripCrossAttentionHead (SCASeg-style, a reconstruction) on MiT-B0, mmseg's backbone, from scratch.
_base_ = './segformer_b0.py'
model = dict(
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.StripCrossAttentionHead',
        in_channels=[32, 64, 160, 256],
        channels=128,
        num_heads=4,
        key_reduction=4,  # keys at stride 16: 8x8 of them for 128x128
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=dict(type='mmmaskattn.CrossProcessBN'),
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
