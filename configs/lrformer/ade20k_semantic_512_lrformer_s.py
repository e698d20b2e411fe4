# ADE20K, semantic, 512x512, LRFormer-S; see ade20k_semantic_512_lrformer_t.py.
_base_ = './ade20k_semantic_512_lrformer_t.py'
model = dict(backbone=dict(arch='S'), decode_head=dict(in_channels=[128, 320, 512], channels=384))
