# MaskFormer on ResNet-50, mmdet's own parts: the panoptic descendant of DETR, which in mmdet finds boxes only. The same
# transformer on the stride-32 map and the same prediction of a set; masks in place of boxes.
_base_ = ['./peer_detector.py', './mask2former_parts.py']
attention = dict(_base_.attention, dropout=0.1)
ffn = dict(_base_.ffn, ffn_drop=0.1)
model = dict(
    type='MaskFormer',
    panoptic_head=dict(
        type='MaskFormerHead',
        **_base_.head,
        num_things_classes=80,
        num_stuff_classes=53,
        pixel_decoder=dict(
            type='TransformerEncoderPixelDecoder',
            **_base_.pixel_decoder,
            encoder=dict(num_layers=6, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=ffn)),
        ),
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=6,
            layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn),
        ),
        loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0, reduction='mean', class_weight=[1.0] * 133 + [0.1]),
        loss_mask=dict(type='FocalLoss', gamma=2.0, alpha=0.25, reduction='mean', loss_weight=20.0),
        loss_dice=dict(type='DiceLoss', activate=True, reduction='mean', naive_dice=True, eps=1.0, loss_weight=1.0),
    ),
    panoptic_fusion_head=dict(type='MaskFormerFusionHead', num_things_classes=80, num_stuff_classes=53),
    train_cfg=dict(
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='ClassificationCost', weight=1.0),
                dict(type='FocalLossCost', weight=20.0, binary_input=True),
                dict(type='DiceCost', weight=1.0, pred_act=True, eps=1.0),
            ],
        ),
        sampler=dict(type='MaskPseudoSampler'),
    ),
    test_cfg=dict(
        panoptic_on=True,
        semantic_on=False,  # mmdet has no semantic map of it
        instance_on=True,  # the published config has panoptic maps only; AP needs instances
        max_per_image=100,
        object_mask_thr=0.8,
        iou_thr=0.8,
        filter_low_score=False,
    ),
)
