# What the semantic data sets share: the steps around their labels, and how batches are made.
image_size = (128, 128)  # (H, W); another size: see with_input_size in mmmaskattn/datasets/input_size.py
ratio_range = (0.5, 2.0)  # scale jitter; the paper gives no range

load_train_image = dict(type='mmmaskattn.LoadLowResImage', size=image_size, ratio_range=ratio_range)
augment = [
    dict(type='mmmaskattn.LowResScaleJitter', size=image_size, ratio_range=ratio_range),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
# Testing decodes in full, as MMSegInferencer asks for a step named LoadImageFromFile.
load_image = dict(type='LoadImageFromFile')
shrink = [dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres'), dict(type='PackSegInputs')]
# The first branch must not flip: its label map is the truth of all.
augment_test = dict(
    type='TestTimeAug',
    transforms=[
        [
            dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres', scale=scale)
            for scale in (1.0, 0.75, 1.25, 1.5)
        ],
        [
            dict(type='RandomFlip', prob=0.0, direction='horizontal'),
            dict(type='RandomFlip', prob=1.0, direction='horizontal'),
        ],
        [dict(type='PackSegInputs')],
    ],
)

train_dataloader = dict(
    batch_size=4,  # per process; the paper's total of 8 is 2 processes of 4
    num_workers=4,
    persistent_workers=False,  # so that a resumed training repeats the uninterrupted one
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True, sampler=dict(type='DefaultSampler', shuffle=False)
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'], prefix='lowres')
test_evaluator = val_evaluator
