# ADE20K, semantic, 512x512, strip cross-attention on MiT-B0. SCASeg's own recipe is not known; this is the usual one of
# its neighbours, with our pipeline: whole images, no crops. Changed most: $ADE20K_ROOT (where the data is),
# train_dataloader.batch_size (16 in all), optim_wrapper.optimizer.lr (6e-5), train_cfg.max_iters.
_base_ = ['../_base_/models/scaseg_mit_b0.py', '../_base_/tasks/ade20k_semantic_512.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, decode_head=dict(key_reduction=8))  # keys at stride 32: 16x16
train_dataloader = dict(batch_size=16)
