# Magnetic tiles, semantic, 128x128, lite0; see camvid_semantic_128.py.
_base_ = ['../_base_/models/lite0.py', '../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes, with_rate

model = with_classes(_base_)
optim_wrapper = with_rate(_base_)
