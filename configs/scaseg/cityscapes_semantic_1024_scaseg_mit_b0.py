# Cityscapes, semantic, 1024x1024, strip cross-attention on MiT-B0; see ade20k_semantic_512_scaseg_mit_b0.py. Images of
# 1024 rows by 2048 columns are narrowed to half; take (1024, 2048) for image_size to keep their shape.
_base_ = [
    '../_base_/models/scaseg_mit_b0.py',
    '../_base_/datasets/cityscapes_semantic_128.py',
    '../_base_/schedules/adamw_160k.py',
    '../_base_/default_runtime_160k.py',
]
from mmmaskattn.datasets.input_size import with_input_size
from mmmaskattn.utils.configs import with_classes

image_size = (1024, 1024)
model = with_classes(_base_, decode_head=dict(key_reduction=16))  # keys at stride 64: 16x16
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
train_dataloader.update(batch_size=8, sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
val_dataloader.update(batch_size=1)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
