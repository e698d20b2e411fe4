# COCO, instances, 128x128, base. Changed most: $COCO_ROOT (where the data is),
# train_dataloader.batch_size (7 a process), optim_wrapper.optimizer.lr (5e-4 at a batch of 14),
# train_cfg.max_epochs.
_base_ = ['../_base_/models/bottom_up_base.py', '../_base_/tasks/coco_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
