# Nuclei of the Data Science Bowl 2018, instances, 128x128: SOLOv2-light on ResNet-18.
_base_ = ['../_base_/models/solov2_light_r18.py', '../_base_/tasks/dsb2018_instance_128.py']
# Up to 375 nuclei an image.
model = dict(mask_head=dict(num_classes=_base_.num_things), test_cfg=dict(nms_pre=800, max_per_img=400))
