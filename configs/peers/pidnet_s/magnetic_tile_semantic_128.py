# Magnetic tiles, semantic, 128x128: PIDNet-S.
_base_ = ['../../_base_/models/pidnet_s.py', '../../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
