# COCO, instances, 128x128: Mask R-CNN on ResNet-50.
_base_ = ['../_base_/models/mask_rcnn_r50.py', '../_base_/tasks/coco_instance_128.py']
things = dict(num_classes=_base_.num_things)
model = dict(roi_head=dict(bbox_head=things, mask_head=things))
