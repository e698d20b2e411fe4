"""Models: layers, backbones and necks. The backbones and necks import neither mmseg nor mmdet."""

from mmmaskattn.models import layers
from mmmaskattn.models.backbones import MaskAttnUNet
from mmmaskattn.models.necks import MaskAttnDecoder

__all__ = ['MaskAttnDecoder', 'MaskAttnUNet', 'layers']
