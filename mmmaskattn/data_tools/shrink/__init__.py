"""Copies of data sets at the network's size, in the same layout, for loaders that never keep a small model waiting."""

from mmmaskattn.data_tools.shrink.layouts import LAYOUTS
from mmmaskattn.data_tools.shrink.report import ShrinkReport
from mmmaskattn.data_tools.shrink.run import shrink_dataset

__all__ = ['LAYOUTS', 'ShrinkReport', 'shrink_dataset']
