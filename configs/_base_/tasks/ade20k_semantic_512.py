# ADE20K, semantic, 512x512: data, schedule and runtime settings, counted in iterations.
_base_ = ['../datasets/ade20k_semantic_128.py', '../schedules/adamw_160k.py', '../default_runtime_160k.py']
from mmmaskattn.datasets.input_size import with_input_size

image_size = (512, 512)
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
train_dataloader.update(sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
