# Nuclei of the Data Science Bowl 2018, instances, 128x128: Mask2Former on ResNet-50.
_base_ = ['../../_base_/models/mask2former_r50_instance.py', '../../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

# Up to 375 nuclei an image.
model = with_classes(_base_, panoptic_head=dict(num_queries=400), test_cfg=dict(max_per_image=400))
