# CamVid, semantic, 128x128: tiny with plain self-attention.
_base_ = ['../../_base_/models/self_attention_unet_tiny.py', '../../_base_/tasks/camvid_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
