# CCP, semantic, 128x128: LRASPP on MobileNetV3-Large.
_base_ = ['../../_base_/models/lraspp_mobilenetv3.py', '../../_base_/tasks/ccp_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
