# CCP, semantic, 128x128, tiny_gate; see camvid_semantic_128.py.
_base_ = ['../_base_/models/maskattn_unet_tiny_gate.py', '../_base_/tasks/ccp_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
