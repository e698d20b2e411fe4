# LRFormer-T under the decoder of MaskAttn-UNet.
_base_ = './lrformer_t_128.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='mmmaskattn.MaskAttnDecoder',
        arch='tiny',
        in_channels=[48, 96, 240, 384],
        channels=(48, 96, 144),
        num_convs=(2, 2, 2),
        attention_masks=(None, 'gate', 'gate'),
        reduce=True,
        strides=(4, 8, 16),
    ),
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_index=0,
        in_channels=48,
        channels=48,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes=150,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
