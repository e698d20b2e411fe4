# The peer of the paper's Table 7: base with plain self-attention, M = 0, at every stage. Quadratic in the pixels.
_base_ = './maskattn_unet_base.py'
model = dict(backbone=dict(attention_masks='none'), neck=dict(attention_masks='none'))
