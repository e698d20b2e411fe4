# Cityscapes, instances, 128x128: RTMDet-Ins-tiny.
_base_ = [
    '../_base_/models/rtmdet_ins_tiny.py',
    '../_base_/datasets/cityscapes_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
model = dict(bbox_head=dict(num_classes={{_base_.num_things}}))
