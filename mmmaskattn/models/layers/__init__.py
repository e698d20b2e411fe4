"""Layers: mask attention and its masks, low-resolution attention, strip cross-attention, and their blocks."""

from mmmaskattn.models.layers.attention_masks import ATTENTION_MASKS, MaskTerms, build_attention_mask
from mmmaskattn.models.layers.cross_layer_decoder import CrossLayerDecoder, LevelFusion
from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention, PooledGrids
from mmmaskattn.models.layers.lrformer_blocks import LowResolutionBlock
from mmmaskattn.models.layers.mask_attention import MaskAttention, masked_attention
from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d, LayerNorm2d
from mmmaskattn.models.layers.strip_cross_attention import CrossLayerBlock, StripCrossAttention
from mmmaskattn.models.layers.unet_attention import LowResolutionMaskAttention
from mmmaskattn.models.layers.unet_blocks import ConvBlock, UpBlock

__all__ = [
    'ATTENTION_MASKS',
    'ConvBlock',
    'CrossLayerBlock',
    'CrossLayerDecoder',
    'CrossProcessBatchNorm2d',
    'LayerNorm2d',
    'LevelFusion',
    'LowResolutionAttention',
    'LowResolutionBlock',
    'LowResolutionMaskAttention',
    'MaskAttention',
    'MaskTerms',
    'PooledGrids',
    'StripCrossAttention',
    'UpBlock',
    'build_attention_mask',
    'masked_attention',
]
