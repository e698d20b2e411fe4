"""Runner hooks."""

from mmmaskattn.engine.hooks.picture_hook import InstancePictureHook, SegmentationPictureHook
from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook

__all__ = ['InstancePictureHook', 'RandomStateHook', 'SegmentationPictureHook']
