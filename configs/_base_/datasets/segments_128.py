# What the instance and panoptic data sets share: the steps around their loading, and how batches are made.
image_size = (128, 128)  # (H, W); another size: see with_input_size in mmmaskattn/datasets/input_size.py
ratio_range = (0.5, 2.0)  # scale jitter; the paper gives no range

load_train_image = dict(type='mmmaskattn.LoadLowResImage', size=image_size, ratio_range=ratio_range)
# Instances travel as one id map, which mmseg's flip turns as it does label maps; mmdet's and mmcv's would leave it.
augment = [
    dict(type='mmmaskattn.LowResScaleJitter', size=image_size, ratio_range=ratio_range),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmmaskattn.MakeInstances'),
    dict(type='mmmaskattn.FindSeeds'),
    dict(type='mmmaskattn.PackSegments'),
]
# Testing decodes in full, as DetInferencer asks for a step named LoadImageFromFile.
load_image = dict(type='LoadImageFromFile')
shrink = [
    dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres'),
    dict(type='mmmaskattn.MakeInstances'),
    dict(type='mmdet.PackDetInputs'),
]

train_dataloader = dict(
    batch_size=7,  # per process; the paper's total of 14 is 2 processes of 7
    num_workers=4,
    persistent_workers=False,  # so that a resumed training repeats the uninterrupted one
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True, sampler=dict(type='DefaultSampler', shuffle=False)
)
test_dataloader = val_dataloader
