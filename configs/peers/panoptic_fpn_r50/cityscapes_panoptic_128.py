# Cityscapes, panoptic, 128x128: Panoptic FPN on ResNet-50.
_base_ = ['../../_base_/models/panoptic_fpn_r50.py', '../../_base_/tasks/cityscapes_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
val_evaluator = test_evaluator = _base_.val_evaluator[:1]  # PQ; mmdet gives neither scored instances nor a semantic map
