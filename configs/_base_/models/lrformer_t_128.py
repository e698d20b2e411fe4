# LRFormer-T and LRHead for 128 pixels from scratch: attention on grids that its maps of 32, 16, 8 and 4 can fill,
# logits at stride 4, residual branches that are open from the start.
_base_ = './lrformer_t.py'
model = dict(
    backbone=dict(q_pooled_sizes=(8, 8, 8, 4), clamp_keys=True, layer_scale_init=0.1),
    decode_head=dict(
        in_channels=[48, 96, 240, 384], in_index=[0, 1, 2, 3], q_size=16, clamp_keys=True, layer_scale_init=0.1
    ),
)
