# Nuclei of the Data Science Bowl 2018, instances, 128x128: Mask R-CNN on ResNet-50.
_base_ = ['../../_base_/models/mask_rcnn_r50.py', '../../_base_/tasks/dsb2018_instance_128.py']
from mmmaskattn.utils.configs import with_classes

# Up to 375 nuclei an image.
model = with_classes(
    _base_,
    train_cfg=dict(rpn_proposal=dict(max_per_img=1000)),
    test_cfg=dict(rpn=dict(max_per_img=1000), rcnn=dict(max_per_img=400)),
)
