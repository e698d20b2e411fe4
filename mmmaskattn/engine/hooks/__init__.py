"""Runner hooks."""

from mmmaskattn.engine.hooks.instance_picture_hook import InstancePictureHook
from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook
from mmmaskattn.engine.hooks.segmentation_picture_hook import SegmentationPictureHook

__all__ = ['InstancePictureHook', 'RandomStateHook', 'SegmentationPictureHook']
