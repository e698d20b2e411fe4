# CamVid, semantic, 128x128: U-Net, 31 M parameters.
_base_ = [
    '../_base_/models/unet_w64.py',
    '../_base_/datasets/camvid_semantic_128.py',
    '../_base_/schedules/adamw_1000e.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=11))
