# COCO, panoptic, 128x128: Mask2Former on ResNet-50.
_base_ = ['../_base_/models/mask2former_r50_panoptic.py', '../_base_/tasks/coco_panoptic_128.py']
classes = dict(num_things_classes=_base_.num_things, num_stuff_classes=_base_.num_stuff)
class_weight = [1.0] * (_base_.num_things + _base_.num_stuff) + [0.1]
model = dict(panoptic_head=dict(**classes, loss_cls=dict(class_weight=class_weight)), panoptic_fusion_head=classes)
val_evaluator = test_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
