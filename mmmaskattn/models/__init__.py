"""Models: layers, backbones, necks, heads and losses.

The backbones and necks import neither mmseg nor mmdet; the decode heads build on mmseg, the detector and its heads on
mmdet; they are there only if those are installed.
"""

from importlib.util import find_spec

from mmmaskattn.models import grouping, layers
from mmmaskattn.models.backbones import (
    EfficientNetLite,
    LCNet,
    LRFormer,
    MaskAttnUNet,
    StarDistUNet,
    TimmEncoder,
    TopFormer,
)
from mmmaskattn.models.losses import InstanceClassLoss, InstanceContrastiveLoss, SeedLoss
from mmmaskattn.models.necks import MaskAttnDecoder, StripCrossAttentionNeck

__all__ = [
    'EfficientNetLite',
    'InstanceClassLoss',
    'InstanceContrastiveLoss',
    'LCNet',
    'LRFormer',
    'MaskAttnDecoder',
    'MaskAttnUNet',
    'SeedLoss',
    'StarDistUNet',
    'StripCrossAttentionNeck',
    'TimmEncoder',
    'TopFormer',
    'grouping',
    'layers',
]

if find_spec('mmseg') is not None:
    from mmmaskattn.models.decode_heads import (
        EdgePIDHead,
        GlobalLRASPPHead,
        LRHead,
        StripCrossAttentionHead,
        SummedMapsHead,
    )
    from mmmaskattn.models.losses.pixel_cross_entropy_loss import PixelCrossEntropyLoss
    from mmmaskattn.models.segmentors import CrossProcessEncoderDecoder, MeanProbabilityTTA

    __all__ += ['CrossProcessEncoderDecoder', 'EdgePIDHead', 'GlobalLRASPPHead', 'LRHead', 'MeanProbabilityTTA']
    __all__ += ['PixelCrossEntropyLoss', 'StripCrossAttentionHead', 'SummedMapsHead']

if find_spec('mmdet') is not None:
    from mmmaskattn.models.data_preprocessors import InstanceDataPreprocessor
    from mmmaskattn.models.dense_heads import (
        ConnectedComponentsHead,
        ContrastiveInstanceHead,
        OffsetVotingHead,
        RescalingRTMDetInsHead,
        StarDistHead,
    )
    from mmmaskattn.models.detectors import BottomUpPanoptic

    __all__ += [
        'BottomUpPanoptic',
        'ConnectedComponentsHead',
        'ContrastiveInstanceHead',
        'InstanceDataPreprocessor',
        'OffsetVotingHead',
        'RescalingRTMDetInsHead',
        'StarDistHead',
    ]
