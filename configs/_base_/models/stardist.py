# StarDist, 32 rays on a grid of 2 pixels as its published models of nuclei, from scratch. To train and predict it needs
# the package of its authors: pip install stardist.
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
    backbone=dict(type='mmmaskattn.StarDistUNet', grid=2),
    segment_head=dict(type='mmmaskattn.StarDistHead', num_things=1, num_stuff=1, in_channels=128),
    train_cfg=dict(),
    test_cfg=dict(max_per_image=100),
)
