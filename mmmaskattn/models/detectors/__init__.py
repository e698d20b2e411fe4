"""Detectors: whole models on mmdet's base class."""

from mmmaskattn.models.detectors.bottom_up_panoptic import BottomUpPanoptic

__all__ = ['BottomUpPanoptic']
