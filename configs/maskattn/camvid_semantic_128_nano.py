# CamVid, semantic, 128x128, nano; see camvid_semantic_128.py.
_base_ = ['../_base_/models/maskattn_unet_nano.py', '../_base_/tasks/camvid_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
