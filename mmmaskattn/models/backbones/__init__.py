"""Backbones."""

from mmmaskattn.models.backbones.efficientnet_lite import EfficientNetLite
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet

__all__ = ['EfficientNetLite', 'LRFormer', 'MaskAttnUNet']
