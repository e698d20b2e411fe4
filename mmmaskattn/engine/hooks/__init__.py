"""Runner hooks."""

from mmmaskattn.engine.hooks.channels_last_hook import ChannelsLastHook
from mmmaskattn.engine.hooks.checkpoint_hook import WholeCheckpointHook
from mmmaskattn.engine.hooks.non_finite_hook import NonFiniteHook
from mmmaskattn.engine.hooks.picture_hook import InstancePictureHook, SegmentationPictureHook
from mmmaskattn.engine.hooks.random_state_hook import RandomStateHook
from mmmaskattn.engine.hooks.resume_hook import ResumeHook
from mmmaskattn.engine.hooks.sample_cache_hook import SampleCacheHook
from mmmaskattn.engine.hooks.stop_hook import StopHook

__all__ = [
    'ChannelsLastHook',
    'InstancePictureHook',
    'NonFiniteHook',
    'RandomStateHook',
    'ResumeHook',
    'SampleCacheHook',
    'SegmentationPictureHook',
    'StopHook',
    'WholeCheckpointHook',
]
