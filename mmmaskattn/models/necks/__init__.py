"""Necks."""

from mmmaskattn.models.necks.maskattn_decoder import MaskAttnDecoder
from mmmaskattn.models.necks.strip_cross_attention_neck import StripCrossAttentionNeck

__all__ = ['MaskAttnDecoder', 'StripCrossAttentionNeck']
