# StripCrossAttentionHead (SCASeg-style, a reconstruction) on the encoder of MaskAttn-UNet, in place of its decoder.
_base_ = './maskattn_unet_tiny.py'
model = dict(
    neck=None,
    auxiliary_head=None,
    decode_head=dict(
        _delete_=True,
        type='mmmaskattn.StripCrossAttentionHead',
        in_channels=[24, 48, 96, 128, 160],
        channels=64,
        num_heads=4,
        ffn_ratio=2,
        key_reduction=8,  # the maps begin at stride 2: keys at stride 16
        max_queries=1024,  # those of the finest map, 64x64, are pooled to 32x32
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=dict(type='mmmaskattn.CrossProcessBN'),
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
