# LRFormer-T under the decoder of MaskAttn-UNet, with the head that labels and groups pixels.
_base_ = './bottom_up_base.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmmaskattn.LRFormer',
        arch='T',
        q_pooled_sizes=(8, 8, 8, 4),
        clamp_keys=True,
        layer_scale_init=0.1,
    ),
    neck=dict(
        arch='tiny',
        in_channels=[48, 96, 240, 384],
        channels=(48, 96, 144),
        num_convs=(2, 2, 2),
        attention_masks=(None, 'gate', 'gate'),
        reduce=True,
        strides=(4, 8, 16),
    ),
    segment_head=dict(in_channels=48, upsample=4),
)
