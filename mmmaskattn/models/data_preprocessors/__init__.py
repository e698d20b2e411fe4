"""Data preprocessors for detectors of mmdet."""

from mmmaskattn.models.data_preprocessors.instance_data_preprocessor import InstanceDataPreprocessor

__all__ = ['InstanceDataPreprocessor']
