"""Backbones."""

<<<<<<< HEAD
from mmmaskattn.models.backbones.efficientnet_lite import EfficientNetLite
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet
from mmmaskattn.models.backbones.timm_encoder import TimmEncoder

__all__ = ['EfficientNetLite', 'LRFormer', 'MaskAttnUNet', 'TimmEncoder']
=======
from mmmaskattn.models.backbones.lcnet import LCNet
from mmmaskattn.models.backbones.lrformer import LRFormer
from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet
from mmmaskattn.models.backbones.topformer import TopFormer

__all__ = ['LCNet', 'LRFormer', 'MaskAttnUNet', 'TopFormer']
>>>>>>> 66fcccd (Add six semantic peers: TopFormer-T, PIDNet-S, DDRNet-23-slim, LRASPP on MobileNetV3, Fast-SCNN, a thin U-Net on LCNet)
