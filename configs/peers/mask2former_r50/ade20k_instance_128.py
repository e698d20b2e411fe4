# ADE20K, instances, 128x128: Mask2Former on ResNet-50.
_base_ = ['../_base_/models/mask2former_r50_instance.py', '../_base_/tasks/ade20k_instance_128.py']
classes = dict(num_things_classes=_base_.num_things)
class_weight = [1.0] * _base_.num_things + [0.1]
model = dict(panoptic_head=dict(**classes, loss_cls=dict(class_weight=class_weight)), panoptic_fusion_head=classes)
