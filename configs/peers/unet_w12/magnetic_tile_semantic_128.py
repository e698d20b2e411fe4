# Magnetic tiles, semantic, 128x128: U-Net at the multiply-adds of tiny.
_base_ = ['../../_base_/models/unet_w12.py', '../../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
