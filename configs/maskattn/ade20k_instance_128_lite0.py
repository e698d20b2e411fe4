# ADE20K, instances, 128x128, lite0; see ade20k_instance_128.py.
_base_ = ['../_base_/models/bottom_up_lite0.py', '../_base_/tasks/ade20k_instance_128.py']
from mmmaskattn.utils.configs import with_classes, with_rate

model = with_classes(_base_)
optim_wrapper = with_rate(_base_)
