_base_ = ['../_base_/models/plain_unet_tiny.py', '../_base_/tasks/camvid_semantic_128.py']
model = dict(decode_head=dict(num_classes=11))
