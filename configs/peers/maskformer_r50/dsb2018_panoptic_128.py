# Nuclei of the Data Science Bowl 2018, panoptic, 128x128: MaskFormer on ResNet-50, in the place of the paper's DETR.
_base_ = ['../../_base_/models/maskformer_r50.py', '../../_base_/tasks/dsb2018_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

# Up to 375 nuclei an image.
model = with_classes(_base_, panoptic_head=dict(num_queries=400), test_cfg=dict(max_per_image=400))
val_evaluator = test_evaluator = _base_.val_evaluator[:2]  # PQ and AP; mmdet gives no semantic map
