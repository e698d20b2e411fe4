"""Whole models on mmseg's base classes."""

from mmmaskattn.models.segmentors.mean_probability_tta import MeanProbabilityTTA

__all__ = ['MeanProbabilityTTA']
