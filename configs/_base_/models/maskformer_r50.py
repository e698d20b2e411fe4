# MaskFormer on ResNet-50, mmdet's own parts: the panoptic descendant of DETR, which in mmdet finds boxes only. The same
# transformer on the stride-32 map and the same prediction of a set; masks in place of boxes.
_base_ = './peer_detector.py'
relu = dict(type='ReLU', inplace=True)
attention = dict(embed_dims=256, num_heads=8, dropout=0.1, batch_first=True)
ffn = dict(embed_dims=256, feedforward_channels=2048, num_fcs=2, ffn_drop=0.1, act_cfg=relu)
encoding = dict(num_feats=128, normalize=True)
model = dict(
    type='MaskFormer',
    panoptic_head=dict(
        type='MaskFormerHead',
        in_channels=[256, 512, 1024, 2048],
        feat_channels=256,
        out_channels=256,
        num_things_classes=80,
        num_stuff_classes=53,
        num_queries=100,
        pixel_decoder=dict(
            type='TransformerEncoderPixelDecoder',
            norm_cfg=dict(type='GN', num_groups=32),
            act_cfg=dict(type='ReLU'),
            encoder=dict(num_layers=6, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=ffn)),
            positional_encoding=encoding,
        ),
        enforce_decoder_input_project=False,
        positional_encoding=encoding,
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
