"""Decode heads for mmseg."""

from mmmaskattn.models.decode_heads.auxiliary_fcn_head import AuxiliaryFCNHead
from mmmaskattn.models.decode_heads.edge_pid_head import EdgePIDHead
from mmmaskattn.models.decode_heads.global_lraspp_head import GlobalLRASPPHead
from mmmaskattn.models.decode_heads.lr_head import LRHead
from mmmaskattn.models.decode_heads.strip_cross_attention_head import StripCrossAttentionHead
from mmmaskattn.models.decode_heads.summed_maps_head import SummedMapsHead

__all__ = [
    'AuxiliaryFCNHead',
    'EdgePIDHead',
    'GlobalLRASPPHead',
    'LRHead',
    'StripCrossAttentionHead',
    'SummedMapsHead',
]
