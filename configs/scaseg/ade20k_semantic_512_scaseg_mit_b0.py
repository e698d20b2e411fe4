# ADE20K, semantic, 512x512, strip cross-attention on MiT-B0. SCASeg's own recipe is not known; this is the usual one of
# its neighbours, with our pipeline: whole images, no crops. Changed most: $ADE20K_ROOT (where the data is),
# train_dataloader.batch_size (16 in all), optim_wrapper.optimizer.lr (6e-5), train_cfg.max_iters.
_base_ = [
    '../_base_/models/scaseg_mit_b0.py',
    '../_base_/datasets/ade20k_semantic_128.py',
    '../_base_/schedules/adamw_160k.py',
    '../_base_/default_runtime_160k.py',
]
from mmmaskattn.datasets.input_size import with_input_size  # noqa: E402

image_size = (512, 512)
model = dict(decode_head=dict(key_reduction=8))  # keys at stride 32: 16x16
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
train_dataloader.update(batch_size=16, sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
