# MaskAttn-UNet for instances and panoptic segmentation: encoder, decoder, and the head that labels and groups pixels.
model = dict(
    type='mmmaskattn.BottomUpPanoptic',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_seg=True,
        seg_pad_value=255,
    ),
    backbone=dict(type='mmmaskattn.MaskAttnUNet', arch='base'),
    neck=dict(type='mmmaskattn.MaskAttnDecoder', arch='base'),
    segment_head=dict(
        type='mmmaskattn.ContrastiveInstanceHead',
        num_things=100,
        num_stuff=50,
        in_channels=64,
        loss_semantic=dict(type='CrossEntropyLoss', ignore_index=255, avg_non_ignore=True, loss_weight=1.0),
        loss_contrast=dict(
            type='mmmaskattn.InstanceContrastiveLoss',
            loss_weight=0.5,  # lambda of Eq. 7
            pixels_per_instance=8,
            boundary_share=0.5,
        ),
        loss_class=dict(type='mmmaskattn.InstanceClassLoss', loss_weight=1.0),
        loss_seed=dict(type='mmmaskattn.SeedLoss', loss_weight=1.0),
    ),
    train_cfg=dict(),
    test_cfg=dict(max_per_image=100),
)
