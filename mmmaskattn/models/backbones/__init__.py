"""Backbones."""

from mmmaskattn.models.backbones.efficientnet_lite import EfficientNetLite
from mmmaskattn.models.backbones.lcnet import LCNet
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet
from mmmaskattn.models.backbones.stardist_unet import StarDistUNet
from mmmaskattn.models.backbones.timm_encoder import TimmEncoder
from mmmaskattn.models.backbones.topformer import TopFormer

__all__ = ['EfficientNetLite', 'LCNet', 'LRFormer', 'MaskAttnUNet', 'StarDistUNet', 'TimmEncoder', 'TopFormer']
