# A thin U-Net: LCNet at half its widths, from scratch, under our decoder without attention; logits at stride 2.
_base_ = './maskattn_unet_base.py'
model = dict(
    backbone=dict(_delete_=True, type='mmmaskattn.LCNet', scale=0.5),
    neck=dict(
        attention_masks=None,
        in_channels=(16, 32, 64, 128, 256),
        channels=(24, 32, 48, 96),
        num_convs=(2, 2, 2, 2),
        strides=(2, 4, 8, 16),
    ),
    decode_head=dict(in_channels=24, channels=24),
)
