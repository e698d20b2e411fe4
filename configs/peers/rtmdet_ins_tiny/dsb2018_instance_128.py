# Nuclei of the Data Science Bowl 2018, instances, 128x128: RTMDet-Ins-tiny.
_base_ = ['../_base_/models/rtmdet_ins_tiny.py', '../_base_/tasks/dsb2018_instance_128.py']
# Up to 375 nuclei an image.
model = dict(bbox_head=dict(num_classes=_base_.num_things), test_cfg=dict(max_per_img=400))
