"""Whole models on mmseg's base classes."""

from mmmaskattn.models.segmentors.cross_process_encoder_decoder import CrossProcessEncoderDecoder
from mmmaskattn.models.segmentors.mean_probability_tta import MeanProbabilityTTA

__all__ = ['CrossProcessEncoderDecoder', 'MeanProbabilityTTA']
