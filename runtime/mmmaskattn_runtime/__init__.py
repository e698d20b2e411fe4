"""Exported models of mmmaskattn, and results as plain data: predict, count, draw and save, without torch."""

from mmmaskattn_runtime.colours import safe_colours
from mmmaskattn_runtime.drawing import STYLES, colour_in, draw
from mmmaskattn_runtime.maps import instances_of_map
from mmmaskattn_runtime.model import ExportedModel, load
from mmmaskattn_runtime.model_file import ModelFileError, ModelInfo, read_info
from mmmaskattn_runtime.pictures import PictureError, Skipped, Source, find_pictures, read_picture
from mmmaskattn_runtime.reading import ResultsFolder
from mmmaskattn_runtime.result import UNLABELLED, Classes, Instance, Result, Segment, extents, panoptic_result
from mmmaskattn_runtime.run_lengths import RunLengths, encode
from mmmaskattn_runtime.saving import FORMATS, Writer

__version__ = '0.1.0'

__all__ = [
    'FORMATS',
    'STYLES',
    'UNLABELLED',
    'Classes',
    'ExportedModel',
    'Instance',
    'ModelFileError',
    'ModelInfo',
    'PictureError',
    'Result',
    'ResultsFolder',
    'RunLengths',
    'Segment',
    'Skipped',
    'Source',
    'Writer',
    'colour_in',
    'draw',
    'encode',
    'extents',
    'find_pictures',
    'instances_of_map',
    'load',
    'panoptic_result',
    'read_info',
    'read_picture',
    'safe_colours',
]
