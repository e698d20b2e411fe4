"""Backbones."""

from mmmaskattn.models.backbones.maskattn_unet import MaskAttnUNet

__all__ = ['MaskAttnUNet']
