# Panoptic FPN on ResNet-50: Mask R-CNN with a branch for stuff, mmdet's own parts. It gives a panoptic map, no scored
# instances, hence no AP.
_base_ = './mask_rcnn_r50.py'
model = dict(
    type='PanopticFPN',
    semantic_head=dict(
        type='PanopticFPNHead',
        num_things_classes=80,
        num_stuff_classes=53,
        in_channels=256,
        inner_channels=128,
        norm_cfg=dict(type='GN', num_groups=32),
        loss_seg=dict(type='CrossEntropyLoss', ignore_index=255, loss_weight=0.5),
    ),
    panoptic_fusion_head=dict(type='HeuristicFusionHead', num_things_classes=80, num_stuff_classes=53),
    test_cfg=dict(
        rcnn=dict(score_thr=0.6, nms=dict(type='nms', iou_threshold=0.5, class_agnostic=True)),
        # 4096 pixels of 640x480 are 218 of 128x128. Protocol native: model.test_cfg.panoptic.stuff_area_limit=4096
        panoptic=dict(mask_overlap=0.5, stuff_area_limit=218),
    ),
)
