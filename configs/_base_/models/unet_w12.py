# mmseg's U-Net, narrowed from 64 to 12 channels: the multiply-adds of our tiny.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN')
model = dict(
    backbone=dict(
        _delete_=True,
        type='UNet',
        in_channels=3,
        base_channels=12,
        num_stages=5,
        strides=(1, 1, 1, 1, 1),
        enc_num_convs=(2, 2, 2, 2, 2),
        dec_num_convs=(2, 2, 2, 2),
        downsamples=(True, True, True, True),
        norm_cfg=norm_cfg,
    ),
    neck=None,
    decode_head=dict(in_index=4, in_channels=12, channels=12),
)
