"""Layers: mask attention and its masks, low-resolution attention, strip cross-attention, and their blocks."""

from mmmaskattn.models.layers.attention_masks import MASKS, MaskTerms, build_mask
from mmmaskattn.models.layers.cross_layer_block import CrossLayerBlock
from mmmaskattn.models.layers.cross_layer_decoder import CrossLayerDecoder
from mmmaskattn.models.layers.layer_norm_2d import LayerNorm2d
from mmmaskattn.models.layers.level_fusion import LevelFusion
from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention
from mmmaskattn.models.layers.low_resolution_block import LowResolutionBlock
from mmmaskattn.models.layers.low_resolution_mask_attention import LowResolutionMaskAttention
from mmmaskattn.models.layers.mask_attention import MaskAttention, masked_attention
from mmmaskattn.models.layers.pooled_grids import PooledGrids
from mmmaskattn.models.layers.strip_cross_attention import StripCrossAttention
from mmmaskattn.models.layers.sync_batch_norm import CrossProcessBatchNorm2d
from mmmaskattn.models.layers.unet_blocks import ConvBlock, UpBlock

__all__ = [
    'MASKS',
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
    'build_mask',
    'masked_attention',
]
