# Cityscapes, semantic, 128x128: Mask2Former on ResNet-50.
_base_ = [
    '../_base_/models/mask2former_r50_semantic.py',
    '../_base_/datasets/cityscapes_semantic_128.py',
    '../_base_/schedules/adamw_1000e.py',
    '../_base_/default_runtime.py',
]
num_classes = 19
model = dict(decode_head=dict(num_classes=num_classes, loss_cls=dict(class_weight=[1.0] * num_classes + [0.1])))
