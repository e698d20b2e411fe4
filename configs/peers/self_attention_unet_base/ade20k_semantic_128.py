# ADE20K, semantic, 128x128: base with plain self-attention, as in the paper's Table 7.
_base_ = ['../../_base_/models/self_attention_unet_base.py', '../../_base_/tasks/ade20k_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
