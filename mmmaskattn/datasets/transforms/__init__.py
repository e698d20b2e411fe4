"""The low-resolution pipeline: transforms that need neither mmseg nor mmdet, and those for mmdet's instances."""

from importlib.util import find_spec

from mmmaskattn.datasets.transforms.load_low_res_image import LoadLowResImage
from mmmaskattn.datasets.transforms.load_panoptic import LoadPanoptic, LoadPanopticAsSemantic
from mmmaskattn.datasets.transforms.load_seg_map import CheckSegMap, LoadSegMap
from mmmaskattn.datasets.transforms.low_res_resize import LowResResize
from mmmaskattn.datasets.transforms.low_res_scale_jitter import LowResScaleJitter
from mmmaskattn.datasets.transforms.picture_backend import PictureBackend

__all__ = [
    'CheckSegMap',
    'LoadLowResImage',
    'LoadPanoptic',
    'LoadPanopticAsSemantic',
    'LoadSegMap',
    'LowResResize',
    'LowResScaleJitter',
    'PictureBackend',
]

if find_spec('mmdet') is not None:
    from mmmaskattn.datasets.transforms.find_seeds import FindSeeds
    from mmmaskattn.datasets.transforms.load_instances import LoadInstances  # pycocotools comes with mmdet
    from mmmaskattn.datasets.transforms.pack_segments import MakeInstances, PackSegments

    __all__ += ['FindSeeds', 'LoadInstances', 'MakeInstances', 'PackSegments']
