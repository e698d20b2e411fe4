# Mask2Former on ResNet-50, mmdet's own parts.
_base_ = ['./peer_detector.py', './mask2former_parts.py']
attention = dict(_base_.attention, dropout=0.0)
model = dict(
    type='Mask2Former',
    panoptic_head=dict(
        type='Mask2FormerHead',
        **_base_.head,
        **_base_.levels,
        num_things_classes=80,
        num_stuff_classes=53,
        pixel_decoder=dict(_base_.deformable_pixel_decoder, type='MSDeformAttnPixelDecoder'),
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=9,
            layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=_base_.ffn),
        ),
        loss_cls=dict(type='CrossEntropyLoss', loss_weight=2.0, reduction='mean', class_weight=[1.0] * 133 + [0.1]),
        loss_mask=dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=5.0),
        loss_dice=dict(type='DiceLoss', activate=True, reduction='mean', naive_dice=True, eps=1.0, loss_weight=5.0),
    ),
    panoptic_fusion_head=dict(type='MaskFormerFusionHead', num_things_classes=80, num_stuff_classes=53),
    train_cfg=dict(
        **_base_.points,
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='ClassificationCost', weight=2.0),
                dict(type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
                dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0),
            ],
        ),
        sampler=dict(type='MaskPseudoSampler'),
    ),
    test_cfg=dict(
        panoptic_on=True,
        semantic_on=False,  # mmdet has no semantic map of it
        instance_on=True,
        max_per_image=100,
        iou_thr=0.8,
        filter_low_score=True,
    ),
)
