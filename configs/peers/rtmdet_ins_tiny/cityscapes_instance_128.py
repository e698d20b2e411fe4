# Cityscapes, instances, 128x128: RTMDet-Ins-tiny.
_base_ = ['../../_base_/models/rtmdet_ins_tiny.py', '../../_base_/tasks/cityscapes_instance_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
