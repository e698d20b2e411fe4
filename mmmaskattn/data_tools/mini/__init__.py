"""Mini data sets: small, procedurally drawn scenes in the official layouts of ADE20K, COCO panoptic and Cityscapes,
and pictures with a legend, whose labels depend on what is far away.

They let a newcomer train, and the tests run, with no download. ``write_mini`` is the one entry point.
"""

from mmmaskattn.data_tools.mini.write import LAYOUTS, write_mini

__all__ = ['LAYOUTS', 'write_mini']
