# U-Net at its classic widths, 64 to 1024, with learned 2x2 up-convolutions: mmseg's UNet, 31.0 M parameters. The paper
# compares with one of 32 M.
_base_ = './unet_w12.py'
model = dict(
    backbone=dict(base_channels=64, upsample_cfg=dict(type='DeconvModule', kernel_size=2)),
    decode_head=dict(in_channels=64, channels=64),
)
