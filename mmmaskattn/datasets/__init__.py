"""Data sets that mmseg and mmdet lack, and the low-resolution pipeline."""

from mmmaskattn.datasets import transforms

__all__ = ['transforms']
