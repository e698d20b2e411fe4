"""Heads that find instances in dense maps, for `BottomUpPanoptic`, and a mended one of mmdet's."""

from mmmaskattn.models.dense_heads.auxiliary_class_head import AuxiliaryClassHead
from mmmaskattn.models.dense_heads.connected_components_head import ConnectedComponentsHead
from mmmaskattn.models.dense_heads.contrastive_instance_head import ContrastiveInstanceHead
from mmmaskattn.models.dense_heads.offset_voting_head import OffsetVotingHead
from mmmaskattn.models.dense_heads.rtmdet_ins_head import RescalingRTMDetInsHead
from mmmaskattn.models.dense_heads.segment_head import SegmentHead, SegmentOutputs
from mmmaskattn.models.dense_heads.stardist_head import StarDistHead

__all__ = [
    'AuxiliaryClassHead',
    'ConnectedComponentsHead',
    'ContrastiveInstanceHead',
    'OffsetVotingHead',
    'RescalingRTMDetInsHead',
    'SegmentHead',
    'SegmentOutputs',
    'StarDistHead',
]
