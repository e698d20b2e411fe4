"""Pictures of label maps, instances and pipelines; needs neither mmseg nor mmdet, but for mmdet's visualizer."""

from importlib.util import find_spec

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.sheet import Headings, SheetLayout, Step, draw_sheet, locate, run_steps
from mmmaskattn.visualization.truth import Truth, draw_truth, read_truth

__all__ = [
    'ClassTable',
    'Headings',
    'SheetLayout',
    'Step',
    'Truth',
    'draw_sheet',
    'draw_truth',
    'locate',
    'read_truth',
    'run_steps',
]

if find_spec('mmdet') is not None:
    from mmmaskattn.visualization.segment_visualizer import SegmentVisualizer, spare_panopticapi

    spare_panopticapi()
    __all__ += ['SegmentVisualizer']
