"""Results of mmmaskattn as plain data: read pictures, count, draw and save, with numpy and pillow alone."""

from mmmaskattn_runtime.colours import safe_colours
from mmmaskattn_runtime.drawing import STYLES, colour_in, draw
from mmmaskattn_runtime.pictures import PictureError, Source, find_pictures, read_picture
from mmmaskattn_runtime.result import UNLABELLED, Classes, Instance, Result, Segment, extents, panoptic_result
from mmmaskattn_runtime.run_lengths import RunLengths, encode
from mmmaskattn_runtime.saving import FORMATS, Writer

__version__ = '0.1.0'

__all__ = [
    'FORMATS',
    'STYLES',
    'UNLABELLED',
    'Classes',
    'Instance',
    'PictureError',
    'Result',
    'RunLengths',
    'Segment',
    'Source',
    'Writer',
    'colour_in',
    'draw',
    'encode',
    'extents',
    'find_pictures',
    'panoptic_result',
    'read_picture',
    'safe_colours',
]
