# Cityscapes, semantic, 128x128: Mask2Former on ResNet-50.
_base_ = ['../_base_/models/mask2former_r50_semantic.py', '../_base_/tasks/cityscapes_semantic_128.py']
model = dict(decode_head=dict(num_classes=19, loss_cls=dict(class_weight=[1.0] * 19 + [0.1])))
