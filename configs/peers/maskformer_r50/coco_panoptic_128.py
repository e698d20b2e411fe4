# COCO, panoptic, 128x128: MaskFormer on ResNet-50, in the place of the paper's DETR.
_base_ = ['../_base_/models/maskformer_r50.py', '../_base_/tasks/coco_panoptic_128.py']
classes = dict(num_things_classes=_base_.num_things, num_stuff_classes=_base_.num_stuff)
class_weight = [1.0] * (_base_.num_things + _base_.num_stuff) + [0.1]
model = dict(panoptic_head=dict(**classes, loss_cls=dict(class_weight=class_weight)), panoptic_fusion_head=classes)
val_evaluator = test_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
