# What mmdet's detectors share here: the data preprocessor and a ResNet-50 that learns from scratch, with all its batch
# norms. ImageNet weights: --cfg-options model.backbone.init_cfg.type=Pretrained
# model.backbone.init_cfg.checkpoint=torchvision://resnet50 (mmdet then also sets model.backbone.frozen_stages=1).
model = dict(
    data_preprocessor=dict(
        type='mmmaskattn.InstanceDataPreprocessor',  # masks and boxes, of the map of instances in our samples
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_mask=True,
        pad_seg=True,
        seg_pad_value=255,
    ),
    backbone=dict(
        type='ResNet', depth=50, frozen_stages=-1, norm_cfg=dict(type='mmmaskattn.CrossProcessBN'), norm_eval=False
    ),
)
