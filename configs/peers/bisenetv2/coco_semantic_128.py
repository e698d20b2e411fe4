# COCO panoptic classes, semantic, 128x128: BiSeNetV2.
_base_ = ['../_base_/models/bisenetv2.py', '../_base_/tasks/coco_semantic_128.py']
model = dict(
    decode_head=dict(num_classes=133),
    auxiliary_head=[dict(head, num_classes=133) for head in _base_.model.auxiliary_head],
)
