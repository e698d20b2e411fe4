# Mask2Former on ResNet-50 for instances: things only.
_base_ = './mask2former_r50_panoptic.py'
model = dict(
    panoptic_head=dict(num_stuff_classes=0, loss_cls=dict(class_weight=[1.0] * 80 + [0.1])),
    panoptic_fusion_head=dict(num_stuff_classes=0),
    test_cfg=dict(panoptic_on=False),
)
