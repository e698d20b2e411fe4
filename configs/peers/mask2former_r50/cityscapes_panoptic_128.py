# Cityscapes, panoptic, 128x128: Mask2Former on ResNet-50.
_base_ = ['../../_base_/models/mask2former_r50_panoptic.py', '../../_base_/tasks/cityscapes_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
val_evaluator = test_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
