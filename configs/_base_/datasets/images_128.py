# What all data sets share: how images are read and resized, and how batches are made.
image_size = (128, 128)  # (H, W); another size: see with_input_size in mmmaskattn/datasets/input_size.py
ratio_range = (0.5, 2.0)  # scale jitter; the paper gives no range

load_train_image = dict(type='mmmaskattn.LoadLowResImage', size=image_size, ratio_range=ratio_range)
jitter = dict(type='mmmaskattn.LowResScaleJitter', size=image_size, ratio_range=ratio_range)
# Testing decodes in full: mmseg and mmdet ask for a step LoadImageFromFile, as the first, to predict a new picture.
load_image = [dict(type='LoadImageFromFile', backend_args=dict(backend='mmmaskattn.picture'))]
resize = dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres')

train_dataloader = dict(
    num_workers=4,
    persistent_workers=False,  # True saves their start in each epoch and keeps their memory during validation
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True, sampler=dict(type='DefaultSampler', shuffle=False)
)
test_dataloader = val_dataloader
