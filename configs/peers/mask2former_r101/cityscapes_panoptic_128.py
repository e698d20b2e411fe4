# Mask2Former on ResNet-101; see ../mask2former_r50/cityscapes_panoptic_128.py.
_base_ = '../mask2former_r50/cityscapes_panoptic_128.py'
model = dict(backbone=dict(depth=101))
