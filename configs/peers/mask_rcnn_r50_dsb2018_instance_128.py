# Nuclei of the Data Science Bowl 2018, instances, 128x128: Mask R-CNN on ResNet-50.
_base_ = [
    '../_base_/models/mask_rcnn_r50.py',
    '../_base_/datasets/dsb2018_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
# Up to 375 nuclei an image.
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=_base_.num_things), mask_head=dict(num_classes=_base_.num_things)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=1000)),
    test_cfg=dict(rpn=dict(max_per_img=1000), rcnn=dict(max_per_img=400)),
)
