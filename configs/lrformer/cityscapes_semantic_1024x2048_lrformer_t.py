# Cityscapes, semantic, 1024 rows by 2048 columns, the size at which the authors count. Their Cityscapes schedule is not
# published; this is that of ADE20K, see ade20k_semantic_512_lrformer_t.py. Changed most: $CITYSCAPES_ROOT (where the
# data is), train_dataloader.batch_size (1 a process), optim_wrapper.optimizer.lr (6e-5), train_cfg.max_iters.
_base_ = [
    '../_base_/models/lrformer_t.py',
    '../_base_/datasets/cityscapes_semantic_128.py',
    '../_base_/schedules/adamw_160k.py',
    '../_base_/default_runtime_160k.py',
]
from mmmaskattn.datasets.input_size import with_input_size
from mmmaskattn.utils.configs import with_classes

image_size = (1024, 2048)
model = with_classes(_base_, backbone=dict(with_cp=True))
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
train_dataloader.update(batch_size=1, sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
val_dataloader.update(batch_size=1)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(base_batch_size=8)
