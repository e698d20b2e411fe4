"""Data sets that mmseg and mmdet lack, and the low-resolution pipeline.

The data sets build on mmseg (semantic) and mmdet (instance, panoptic) and are there only if those are installed; the
transforms need neither, apart from the two that make mmdet's instances.
"""

from importlib.util import find_spec

from mmmaskattn.datasets import transforms
from mmmaskattn.datasets.fraction import fraction_dataset

__all__ = ['fraction_dataset', 'transforms']

if find_spec('mmseg') is not None:
    from mmmaskattn.datasets.camvid import CamVidDataset
    from mmmaskattn.datasets.coco_panoptic_semantic import CocoPanopticSemanticDataset

    __all__ += ['CamVidDataset', 'CocoPanopticSemanticDataset']

if find_spec('mmdet') is not None:
    from mmmaskattn.datasets.ade20k_instance import ADE20KInstanceDataset
    from mmmaskattn.datasets.ade20k_panoptic import ADE20KPanopticDataset
    from mmmaskattn.datasets.cityscapes_instance import CityscapesInstanceDataset
    from mmmaskattn.datasets.cityscapes_panoptic import CityscapesPanopticDataset
    from mmmaskattn.datasets.coco_instance import CocoInstanceDataset
    from mmmaskattn.datasets.coco_panoptic import CocoPanopticDataset
    from mmmaskattn.datasets.dsb2018 import DSB2018InstanceDataset, DSB2018PanopticDataset

    __all__ += ['ADE20KInstanceDataset', 'ADE20KPanopticDataset', 'CityscapesInstanceDataset']
    __all__ += ['CityscapesPanopticDataset', 'CocoInstanceDataset', 'CocoPanopticDataset']
    __all__ += ['DSB2018InstanceDataset', 'DSB2018PanopticDataset']
