# COCO, instances, 128x128, tiny; see coco_instance_128.py.
_base_ = ['../_base_/models/bottom_up_tiny.py', '../_base_/tasks/coco_instance_128.py']
model = dict(segment_head=dict(num_things=_base_.num_things, num_stuff=_base_.num_stuff))
