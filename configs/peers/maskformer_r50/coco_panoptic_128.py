# COCO, panoptic, 128x128: MaskFormer on ResNet-50, in the place of the paper's DETR.
_base_ = ['../../_base_/models/maskformer_r50.py', '../../_base_/tasks/coco_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
val_evaluator = test_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
