# bottom_up_base with plain self-attention, M = 0, at every stage.
_base_ = './bottom_up_base.py'
model = dict(backbone=dict(attention_masks='none'), neck=dict(attention_masks='none'))
