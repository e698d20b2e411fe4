# Nuclei of the Data Science Bowl 2018, instances, 128x128: Mask2Former on ResNet-50.
_base_ = [
    '../_base_/models/mask2former_r50_instance.py',
    '../_base_/datasets/dsb2018_instance_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
num_things = _base_.num_things
# Up to 375 nuclei an image.
model = dict(
    panoptic_head=dict(
        num_things_classes=num_things, num_queries=400, loss_cls=dict(class_weight=[1.0] * num_things + [0.1])
    ),
    panoptic_fusion_head=dict(num_things_classes=num_things),
    test_cfg=dict(max_per_image=400),
)
