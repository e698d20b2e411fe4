"""Backbones."""

from mmmaskattn.models.backbones.efficientnet_lite import EfficientNetLite
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet
from mmmaskattn.models.backbones.timm_encoder import TimmEncoder

__all__ = ['EfficientNetLite', 'LRFormer', 'MaskAttnUNet', 'TimmEncoder']
