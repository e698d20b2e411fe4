# Cityscapes, semantic, 128x128: BiSeNetV2.
_base_ = ['../_base_/models/bisenetv2.py', '../_base_/tasks/cityscapes_semantic_128.py']
model = dict(
    decode_head=dict(num_classes=19),
    auxiliary_head=[dict(head, num_classes=19) for head in _base_.model.auxiliary_head],
)
