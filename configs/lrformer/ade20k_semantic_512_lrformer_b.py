# ADE20K, semantic, 512x512, LRFormer-B; see ade20k_semantic_512_lrformer_t.py.
_base_ = './ade20k_semantic_512_lrformer_t.py'
model = dict(backbone=dict(arch='B'), decode_head=dict(in_channels=[160, 400, 512], channels=512))
