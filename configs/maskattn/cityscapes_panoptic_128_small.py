# Cityscapes, panoptic, 128x128, small; see cityscapes_panoptic_128.py.
_base_ = ['../_base_/models/bottom_up_small.py', '../_base_/tasks/cityscapes_panoptic_128.py']
model = dict(segment_head=dict(num_things=_base_.num_things, num_stuff=_base_.num_stuff))
