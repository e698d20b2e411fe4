"""Evaluation: the two protocols, the metrics of the instance and panoptic tasks, and storing predictions."""

from mmmaskattn.evaluation.instance_ap import InstanceAP
from mmmaskattn.evaluation.label_map_dump import LabelMapDump
from mmmaskattn.evaluation.panoptic_quality import PanopticQuality
from mmmaskattn.evaluation.segment_dump import SegmentDump
from mmmaskattn.evaluation.segment_iou import SegmentIoU

__all__ = ['InstanceAP', 'LabelMapDump', 'PanopticQuality', 'SegmentDump', 'SegmentIoU']
