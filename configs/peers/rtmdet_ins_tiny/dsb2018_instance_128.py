# Nuclei of the Data Science Bowl 2018, instances, 128x128: RTMDet-Ins-tiny.
_base_ = ['../../_base_/models/rtmdet_ins_tiny.py', '../../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

# Up to 375 nuclei an image.
model = with_classes(_base_, test_cfg=dict(max_per_img=400))
