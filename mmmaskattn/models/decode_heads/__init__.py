"""Decode heads for mmseg."""

from mmmaskattn.models.decode_heads.auxiliary_fcn_head import AuxiliaryFCNHead
from mmmaskattn.models.decode_heads.lr_head import LRHead
from mmmaskattn.models.decode_heads.strip_cross_attention_head import StripCrossAttentionHead

__all__ = ['AuxiliaryFCNHead', 'LRHead', 'StripCrossAttentionHead']
