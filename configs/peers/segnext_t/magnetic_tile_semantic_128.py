# Magnetic tiles, semantic, 128x128: SegNeXt-T.
_base_ = ['../../_base_/models/segnext_t.py', '../../_base_/tasks/magnetic_tile_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
