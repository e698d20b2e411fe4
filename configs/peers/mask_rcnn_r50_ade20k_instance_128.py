# ADE20K, instances, 128x128: Mask R-CNN on ResNet-50.
_base_ = [
    '../_base_/models/mask_rcnn_r50.py',
    '../_base_/datasets/ade20k_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=_base_.num_things), mask_head=dict(num_classes=_base_.num_things)),
)
