# bottom_up_tiny_gate with plain self-attention, M = 0, in place of its mask attention.
_base_ = './bottom_up_tiny_gate.py'
model = dict(
    backbone=dict(attention_masks=(None, None, None, None, 'none')),
    neck=dict(attention_masks=(None, None, 'none', 'none')),
)
