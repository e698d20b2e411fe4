# COCO, panoptic, 128x128: Mask2Former on ResNet-50.
_base_ = [
    '../_base_/models/mask2former_r50_panoptic.py',
    '../_base_/datasets/coco_panoptic_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
num_things, num_stuff = _base_.num_things, _base_.num_stuff
classes = dict(num_things_classes=num_things, num_stuff_classes=num_stuff)
model = dict(
    panoptic_head=dict(**classes, loss_cls=dict(class_weight=[1.0] * (num_things + num_stuff) + [0.1])),
    panoptic_fusion_head=classes,
)
val_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
test_evaluator = val_evaluator
