# COCO panoptic classes, semantic, 128x128, LRFormer-T; from scratch, with the recipe of MaskAttn-UNet. Changed most:
# $COCO_ROOT (where the data is), train_dataloader.batch_size (4 a process), optim_wrapper.optimizer.lr (5e-4 at a batch
# of 8), train_cfg.max_epochs.
_base_ = ['../_base_/models/lrformer_t_128.py', '../_base_/tasks/coco_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
