# MaskAttn-UNet for semantic segmentation: encoder, decoder, and a 1x1 convolution to the classes.
data_preprocessor = dict(
    type='SegDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size_divisor=1,  # any size goes in as it is
)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmmaskattn.MaskAttnUNet', arch='base'),
    neck=dict(type='mmmaskattn.MaskAttnDecoder', arch='base'),
    decode_head=dict(
        type='FCNHead',
        in_index=0,
        in_channels=64,
        channels=64,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes=150,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),  # Eq. 3, as a mean over pixels
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
