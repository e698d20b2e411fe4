# ADE20K, semantic, 512x512, LRFormer-T, the published recipe (AdamW, 6e-5, 160k iterations). Ours: whole images resized
# without keeping their shape, where the authors crop 512x512 of an image that keeps it; no pretrained weights. Changed
# most: $ADE20K_ROOT (where the data is), train_dataloader.batch_size (4 a process; the authors' example has 8
# processes), optim_wrapper.optimizer.lr (6e-5), train_cfg.max_iters.
_base_ = [
    '../_base_/models/lrformer_t.py',
    '../_base_/datasets/ade20k_semantic_128.py',
    '../_base_/schedules/adamw_160k.py',
    '../_base_/default_runtime_160k.py',
]
from mmmaskattn.datasets.input_size import with_input_size  # noqa: E402

image_size = (512, 512)
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
train_dataloader.update(sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(base_batch_size=32)
