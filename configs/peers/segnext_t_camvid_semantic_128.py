# CamVid, semantic, 128x128: SegNeXt-T.
_base_ = [
    '../_base_/models/segnext_t.py',
    '../_base_/datasets/camvid_semantic_128.py',
    '../_base_/schedules/adamw_1000e.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
