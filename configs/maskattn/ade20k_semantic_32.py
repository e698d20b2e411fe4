# MaskAttn-UNet on ADE20K at 32x32.
_base_ = './ade20k_semantic_128.py'
from mmmaskattn.datasets.input_size import with_input_size

image_size = (32, 32)
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
