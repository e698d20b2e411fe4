# Strip cross-attention (SCASeg-style, a reconstruction) on the encoder of MaskAttn-UNet, in place of its decoder, with
# the head that labels and groups pixels.
_base_ = './bottom_up_tiny.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='mmmaskattn.StripCrossAttentionNeck',
        in_channels=[24, 48, 96, 128, 160],
        fused_channels=64,
        num_heads=4,
        ffn_ratio=2,
        key_reduction=8,  # the maps begin at stride 2: keys at stride 16
        max_queries=1024,  # those of the finest map, 64x64, are pooled to 32x32
    ),
    segment_head=dict(in_channels=64),
    auxiliary_head=None,
)
