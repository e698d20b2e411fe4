# Nuclei of the Data Science Bowl 2018, panoptic, 128x128. Data, schedule and runtime: the detector is not written
# yet, so a model and an evaluator must be added to train. Changed most: $DSB2018_ROOT (where the data is),
# train_dataloader.batch_size (7 a process), optim_wrapper.optimizer.lr, train_cfg.max_epochs.
_base_ = [
    '../_base_/datasets/dsb2018_panoptic_128.py',
    '../_base_/schedules/adamw_1000e.py',
    '../_base_/default_runtime_det.py',
]
auto_scale_lr = dict(base_batch_size=14)  # the paper's total batch for instances and panoptic
