"""Data sets that mmseg and mmdet lack, and the low-resolution pipeline.

The data sets build on mmseg (semantic) and mmdet (instance, panoptic) and are there only if those are installed; the
transforms need neither, apart from the two that make mmdet's instances.
"""

from importlib.util import find_spec

from mmmaskattn.datasets import transforms
from mmmaskattn.datasets.fraction import fraction_dataset

__all__ = ['fraction_dataset', 'transforms']

if find_spec('mmseg') is not None:
    from mmmaskattn.datasets.semantic.camvid import CamVidDataset
    from mmmaskattn.datasets.semantic.ccp import CCPDataset
    from mmmaskattn.datasets.semantic.coco_panoptic_semantic import CocoPanopticSemanticDataset

    __all__ += ['CCPDataset', 'CamVidDataset', 'CocoPanopticSemanticDataset']

if find_spec('mmdet') is not None:
    from mmmaskattn.datasets.ade20k import ADE20KInstanceDataset, ADE20KPanopticDataset
    from mmmaskattn.datasets.cityscapes import CityscapesInstanceDataset, CityscapesPanopticDataset
    from mmmaskattn.datasets.coco import CocoInstanceDataset, CocoPanopticDataset
    from mmmaskattn.datasets.dsb2018 import DSB2018InstanceDataset, DSB2018PanopticDataset

    __all__ += ['ADE20KInstanceDataset', 'ADE20KPanopticDataset', 'CityscapesInstanceDataset']
    __all__ += ['CityscapesPanopticDataset', 'CocoInstanceDataset', 'CocoPanopticDataset']
    __all__ += ['DSB2018InstanceDataset', 'DSB2018PanopticDataset']
