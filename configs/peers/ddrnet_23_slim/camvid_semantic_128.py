# CamVid, semantic, 128x128: DDRNet-23-slim.
_base_ = ['../../_base_/models/ddrnet_23_slim.py', '../../_base_/tasks/camvid_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
