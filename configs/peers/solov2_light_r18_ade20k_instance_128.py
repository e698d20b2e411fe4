# ADE20K, instances, 128x128: SOLOv2-light on ResNet-18.
_base_ = [
    '../_base_/models/solov2_light_r18.py',
    '../_base_/datasets/ade20k_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
model = dict(mask_head=dict(num_classes={{_base_.num_things}}))
