# Nuclei of the Data Science Bowl 2018, panoptic: connected parts of the semantic map of tiny: the floor.
_base_ = ['../../_base_/models/connected_components_tiny.py', '../../_base_/tasks/dsb2018_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, **_base_.model_for_nuclei)
