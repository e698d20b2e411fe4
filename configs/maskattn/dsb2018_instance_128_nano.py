# Nuclei of the Data Science Bowl 2018, instances, 128x128, nano; see dsb2018_instance_128.py.
_base_ = ['../_base_/models/bottom_up_nano.py', '../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, **_base_.model_for_nuclei)
