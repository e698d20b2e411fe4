# DeepLabV3+ on ResNet-50, mmseg's own parts, from scratch. ImageNet weights: --cfg-options
# model.backbone.init_cfg.type=Pretrained model.backbone.init_cfg.checkpoint=open-mmlab://resnet50_v1c
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN')
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNetV1c',
        depth=50,
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        contract_dilation=True,
        norm_cfg=norm_cfg,
    ),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='DepthwiseSeparableASPPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        dilations=(1, 3, 6, 9),  # a quarter of the published ones, which leave the 16x16 map
        c1_in_channels=256,
        c1_channels=48,
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=1024,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss', loss_weight=0.4),
    ),
)
