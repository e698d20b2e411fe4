"""A check of label maps before they reach the loss, where a wrong label is an unreadable CUDA error."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CheckSegMap(BaseTransform):
    """Check that labels lie in the class range and that label and image have the same size.

    Put it after the label is loaded and before any resize. It costs one comparison per pixel. A sample without
    ``gt_seg_map`` passes unchanged.

    Required keys: ``gt_seg_map``, ``seg_map_path``, ``img_path``; ``ori_shape`` (the size of the file, since the
    image may be decoded at a reduced scale).

    Args:
        num_classes: Labels 0 to ``num_classes - 1`` are valid.
        ignore_index: The one further value allowed.

    Raises:
        ValueError: If a label is outside the range or the sizes differ; the message names the files and the values.
    """

    def __init__(self, num_classes: int, ignore_index: int = 255) -> None:
        if num_classes < 1:
            raise ValueError(f'CheckSegMap: num_classes={num_classes!r}: expected the number of classes, at least 1.')
        self.num_classes = num_classes
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict[str, Any]:
        """Check one sample.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary, unchanged.
        """
        label_map = results.get('gt_seg_map')
        if label_map is not None:
            self._check_size(label_map, results)
            self._check_range(label_map, results)
        return results

    @staticmethod
    def _check_size(label_map: np.ndarray, results: dict) -> None:
        shape = results.get('ori_shape')
        if shape is not None and tuple(label_map.shape) != tuple(shape[:2]):
            raise ValueError(
                f'{results.get("seg_map_path")}: the label map is {label_map.shape} (height, width), but its image '
                f'{results.get("img_path")} is {tuple(shape[:2])}. Expected the same size: do the two belong together?'
            )

    def _check_range(self, label_map: np.ndarray, results: dict) -> None:
        wrong = (label_map >= self.num_classes) & (label_map != self.ignore_index)
        if wrong.any():
            values = np.unique(label_map[wrong]).tolist()
            raise ValueError(
                f'{results.get("seg_map_path")}: labels {values} on {int(wrong.sum())} pixels, expected 0 to '
                f'{self.num_classes - 1} or {self.ignore_index} (ignored). Check num_classes in the config, the '
                f"data set's reduce_zero_label, and that the file holds class indices."
            )

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_classes={self.num_classes}, ignore_index={self.ignore_index})'
