# Magnetic tiles, semantic, 128x128: EfficientNet-Lite0, FPN.
_base_ = ['../../_base_/models/efficientnet_lite0_fpn.py', '../../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes, with_rate

model = with_classes(_base_)
optim_wrapper = with_rate(_base_)
