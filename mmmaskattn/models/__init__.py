"""Models: layers, backbones and necks. The backbones and necks import neither mmseg nor mmdet."""

from mmmaskattn.models import backbones, layers, necks

__all__ = ['backbones', 'layers', 'necks']
