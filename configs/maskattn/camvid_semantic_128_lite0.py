# CamVid, semantic, 128x128, lite0; see camvid_semantic_128.py.
_base_ = ['../_base_/models/lite0.py', '../_base_/tasks/camvid_semantic_128.py']
from mmmaskattn.utils.configs import fine_tuning, with_classes

model = with_classes(_base_)
optim_wrapper = fine_tuning(_base_)
