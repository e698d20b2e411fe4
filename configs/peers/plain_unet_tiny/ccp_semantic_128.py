# CCP, semantic, 128x128: the trunk of tiny without attention.
_base_ = ['../../_base_/models/plain_unet_tiny.py', '../../_base_/tasks/ccp_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
