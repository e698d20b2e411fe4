# Nuclei of the Data Science Bowl 2018, instances, 128x128: SOLOv2-light on ResNet-18.
_base_ = ['../../_base_/models/solov2_light_r18.py', '../../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

# Up to 375 nuclei an image.
model = with_classes(_base_, test_cfg=dict(nms_pre=800, max_per_img=400))
