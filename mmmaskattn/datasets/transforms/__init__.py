"""The low-resolution pipeline: transforms that need neither mmseg nor mmdet."""

from mmmaskattn.datasets.transforms.check_seg_map import CheckSegMap
from mmmaskattn.datasets.transforms.load_low_res_image import LoadLowResImage
from mmmaskattn.datasets.transforms.load_panoptic_as_semantic import LoadPanopticAsSemantic
from mmmaskattn.datasets.transforms.load_seg_map import LoadSegMap
from mmmaskattn.datasets.transforms.low_res_resize import LowResResize
from mmmaskattn.datasets.transforms.low_res_scale_jitter import LowResScaleJitter

__all__ = [
    'CheckSegMap',
    'LoadLowResImage',
    'LoadPanopticAsSemantic',
    'LoadSegMap',
    'LowResResize',
    'LowResScaleJitter',
]
