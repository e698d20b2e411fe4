# Cityscapes, panoptic, 128x128, nano; see cityscapes_panoptic_128.py.
_base_ = ['../_base_/models/bottom_up_nano.py', '../_base_/tasks/cityscapes_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
