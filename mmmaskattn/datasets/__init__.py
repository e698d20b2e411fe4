"""Data sets that mmseg and mmdet lack, and the low-resolution pipeline.

The data sets build on mmseg and are there only if it is installed; the transforms need neither mmseg nor mmdet.
"""

from importlib.util import find_spec

from mmmaskattn.datasets import transforms

__all__ = ['transforms']

if find_spec('mmseg') is not None:
    from mmmaskattn.datasets.camvid import CamVidDataset
    from mmmaskattn.datasets.coco_panoptic_semantic import CocoPanopticSemanticDataset

    __all__ += ['CamVidDataset', 'CocoPanopticSemanticDataset']
