# Mask2Former on ResNet-50 for semantic segmentation: mmseg's head around mmdet's parts, from scratch. ImageNet weights:
# --cfg-options model.backbone.init_cfg.type=Pretrained model.backbone.init_cfg.checkpoint=torchvision://resnet50
_base_ = ['./maskattn_unet_base.py', './mask2former_parts.py']
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=50, norm_cfg=dict(type='mmmaskattn.CrossProcessBN')),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='Mask2FormerHead',
        **_base_.head,
        **_base_.levels,
        num_classes=150,
        align_corners=False,
        pixel_decoder=dict(_base_.deformable_pixel_decoder, type='mmdet.MSDeformAttnPixelDecoder'),
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=9,
            layer_cfg=dict(self_attn_cfg=_base_.attention, cross_attn_cfg=_base_.attention, ffn_cfg=_base_.ffn),
        ),
        loss_cls=dict(
            type='mmdet.CrossEntropyLoss', loss_weight=2.0, reduction='mean', class_weight=[1.0] * 150 + [0.1]
        ),
        loss_mask=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=5.0),
        loss_dice=dict(
            type='mmdet.DiceLoss', activate=True, reduction='mean', naive_dice=True, eps=1.0, loss_weight=5.0
        ),
        train_cfg=dict(
            **_base_.points,
            assigner=dict(
                type='mmdet.HungarianAssigner',
                match_costs=[
                    dict(type='mmdet.ClassificationCost', weight=2.0),
                    dict(type='mmdet.CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
                    dict(type='mmdet.DiceCost', weight=5.0, pred_act=True, eps=1.0),
                ],
            ),
            sampler=dict(type='mmdet.MaskPseudoSampler'),
        ),
    ),
)
