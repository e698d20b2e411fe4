"""Decode heads for mmseg."""

from mmmaskattn.models.decode_heads.lr_head import LRHead
from mmmaskattn.models.decode_heads.strip_cross_attention_head import StripCrossAttentionHead

__all__ = ['LRHead', 'StripCrossAttentionHead']
