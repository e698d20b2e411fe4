# Magnetic tiles, semantic, 128x128: EfficientNet-Lite0, FPN, from scratch.
_base_ = ['../../_base_/models/efficientnet_lite0_fpn_scratch.py', '../../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
