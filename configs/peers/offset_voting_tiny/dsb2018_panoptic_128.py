# Nuclei of the Data Science Bowl 2018, panoptic: Panoptic-DeepLab's offsets on the trunk of tiny.
_base_ = ['../../_base_/models/offset_voting_tiny.py', '../../_base_/tasks/dsb2018_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, **_base_.model_for_nuclei)
