# CamVid, semantic, 128x128: BiSeNetV2.
_base_ = ['../_base_/models/bisenetv2.py', '../_base_/tasks/camvid_semantic_128.py']
model = dict(
    decode_head=dict(num_classes=11),
    auxiliary_head=[dict(head, num_classes=11) for head in _base_.model.auxiliary_head],
)
