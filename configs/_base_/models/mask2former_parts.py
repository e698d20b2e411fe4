# What Mask2Former, mmseg's and mmdet's, and MaskFormer have in common; `type` is left to the model where mmseg's writes
# out mmdet's scope. Mask2Former's masks are 32x32 for 128x128, so that 1024 points are as many as there are pixels; the
# published 12544 are for images of 1024x1024.
relu = dict(type='ReLU', inplace=True)
attention = dict(embed_dims=256, num_heads=8, batch_first=True)
ffn = dict(embed_dims=256, feedforward_channels=2048, num_fcs=2, ffn_drop=0.0, act_cfg=relu)
encoding = dict(num_feats=128, normalize=True)
head = dict(
    in_channels=[256, 512, 1024, 2048],
    feat_channels=256,
    out_channels=256,
    num_queries=100,
    enforce_decoder_input_project=False,
    positional_encoding=encoding,
)
pixel_decoder = dict(norm_cfg=dict(type='GN', num_groups=32), act_cfg=dict(type='ReLU'), positional_encoding=encoding)
# Of Mask2Former only.
levels = dict(strides=[4, 8, 16, 32], num_transformer_feat_level=3)
deformable_pixel_decoder = dict(
    **pixel_decoder,
    num_outs=3,
    encoder=dict(
        num_layers=6,
        layer_cfg=dict(
            self_attn_cfg=dict(attention, num_levels=3, num_points=4, dropout=0.0),
            ffn_cfg=dict(ffn, feedforward_channels=1024),
        ),
    ),
)
points = dict(num_points=1024, oversample_ratio=3.0, importance_sample_ratio=0.75)
