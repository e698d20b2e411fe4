# ADE20K, instances, 128x128: Mask2Former on ResNet-50.
_base_ = [
    '../_base_/models/mask2former_r50_instance.py',
    '../_base_/datasets/ade20k_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
num_things = _base_.num_things
model = dict(
    panoptic_head=dict(num_things_classes=num_things, loss_cls=dict(class_weight=[1.0] * num_things + [0.1])),
    panoptic_fusion_head=dict(num_things_classes=num_things),
)
