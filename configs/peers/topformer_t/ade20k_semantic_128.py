# ADE20K, semantic, 128x128: TopFormer-T.
_base_ = ['../../_base_/models/topformer_t.py', '../../_base_/tasks/ade20k_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
