# Nuclei of the Data Science Bowl 2018, instances, 128x128, base. Changed most: $DSB2018_ROOT (where the data is),
# train_dataloader.batch_size (7 a process), optim_wrapper.optimizer.lr (5e-4 at a batch of 14),
# train_cfg.max_epochs.
_base_ = ['../_base_/models/bottom_up_base.py', '../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, **_base_.model_for_nuclei)
model['segment_head']['upsample'] = 1  # the maps of base have all pixels
