# ADE20K, semantic, 512x512, LRFormer-T, the published recipe (AdamW, 6e-5, 160k iterations). Ours: whole images resized
# without keeping their shape, where the authors crop 512x512 of an image that keeps it; no pretrained weights. Changed
# most: $ADE20K_ROOT (where the data is), train_dataloader.batch_size (4 a process; the authors' example has 8
# processes), optim_wrapper.optimizer.lr (6e-5), train_cfg.max_iters.
_base_ = ['../_base_/models/lrformer_t.py', '../_base_/tasks/ade20k_semantic_512.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(base_batch_size=32)
