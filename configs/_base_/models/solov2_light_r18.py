# SOLOv2-light on ResNet-18, mmdet's own parts. Scale ranges are those published, for a shorter side of 448 pixels,
# times 128 / 448; the finest grid has one cell for each pixel of the 32x32 masks, and the others follow.
_base_ = './peer_detector.py'
model = dict(
    type='SOLOv2',
    backbone=dict(depth=18),
    neck=dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=256, num_outs=5),
    mask_head=dict(
        type='SOLOV2Head',
        num_classes=80,
        in_channels=256,
        feat_channels=256,
        stacked_convs=2,
        strides=[8, 8, 16, 32, 32],
        scale_ranges=((1, 16), (8, 32), (16, 64), (32, 128), (64, 256)),
        pos_scale=0.2,
        num_grids=[32, 28, 20, 12, 8],
        cls_down_index=0,
        mask_feature_head=dict(
            feat_channels=128,
            start_level=0,
            end_level=3,
            out_channels=128,
            mask_stride=4,
            norm_cfg=dict(type='GN', num_groups=32),
        ),
        loss_mask=dict(type='DiceLoss', use_sigmoid=True, loss_weight=3.0),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
    ),
    test_cfg=dict(
        nms_pre=500, score_thr=0.1, mask_thr=0.5, filter_thr=0.05, kernel='gaussian', sigma=2.0, max_per_img=100
    ),
)
