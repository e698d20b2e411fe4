# Drawn pictures with a legend, semantic, 128x128, tiny.
_base_ = ['../_base_/models/maskattn_unet_tiny.py', '../_base_/tasks/legend_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
