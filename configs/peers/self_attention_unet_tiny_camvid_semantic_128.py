# CamVid, semantic, 128x128: tiny with plain self-attention.
_base_ = [
    '../_base_/models/self_attention_unet_tiny.py',
    '../_base_/datasets/camvid_semantic_128.py',
    '../_base_/schedules/adamw_1000e.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
