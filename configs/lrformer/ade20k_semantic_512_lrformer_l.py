# ADE20K, semantic, 512x512, LRFormer-L; see ade20k_semantic_512_lrformer_t.py. The authors
# train L at 640: ade20k_semantic_640_lrformer_l.py.
_base_ = './ade20k_semantic_512_lrformer_t.py'
model = dict(backbone=dict(arch='L'), decode_head=dict(in_channels=[192, 480, 640], channels=640))
