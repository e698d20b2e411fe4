"""Runner hooks."""

from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook
from mmmaskattn.engine.hooks.segmentation_picture_hook import SegmentationPictureHook

__all__ = ['RandomStateHook', 'SegmentationPictureHook']
