# MaskAttn-UNet on ADE20K at 64x64.
_base_ = './ade20k_semantic_128.py'
from mmmaskattn.datasets.input_size import with_input_size  # noqa: E402

image_size = (64, 64)  # (H, W)
train_pipeline = with_input_size(_base_.train_pipeline, image_size)
test_pipeline = with_input_size(_base_.test_pipeline, image_size)
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
