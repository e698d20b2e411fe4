"""Layers: mask attention, its masks, and the U-Net's convolutional blocks."""

from mmmaskattn.models.layers.attention_masks import MASKS, MaskTerms, build_mask
from mmmaskattn.models.layers.mask_attention import MaskAttention, masked_attention
from mmmaskattn.models.layers.sync_batch_norm import CrossProcessBatchNorm2d
from mmmaskattn.models.layers.unet_blocks import ConvBlock, UpBlock

__all__ = [
    'MASKS',
    'ConvBlock',
    'CrossProcessBatchNorm2d',
    'MaskAttention',
    'MaskTerms',
    'UpBlock',
    'build_mask',
    'masked_attention',
]
