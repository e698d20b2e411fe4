_base_ = ['../_base_/models/segformer_b0.py', '../_base_/tasks/camvid_semantic_128.py']
model = dict(decode_head=dict(num_classes=11))
