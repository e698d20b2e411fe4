"""Data sets of label maps, on mmseg's."""

from mmmaskattn.datasets.semantic.camvid import CamVidDataset
from mmmaskattn.datasets.semantic.ccp import CCPDataset
from mmmaskattn.datasets.semantic.coco_panoptic_semantic import CocoPanopticSemanticDataset

__all__ = ['CCPDataset', 'CamVidDataset', 'CocoPanopticSemanticDataset']
