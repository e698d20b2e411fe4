"""The oracle ceiling: the best mIoU at native size that any prediction made at the network's size can reach.

The ground truth itself is reduced to the network's size at exact pixel centres, enlarged again and scored against
the native ground truth; `oracle_segments` does the same with instances and panoptic maps. Enlarging by nearest
neighbour is what a hard low-resolution label map gives; enlarging the one-hot maps bilinearly, then taking the largest,
is what mmseg does with logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmseg.evaluation import IoUMetric
from torch.nn.functional import interpolate

from mmmaskattn.datasets.input_size import sized_transforms
from mmmaskattn.datasets.transforms.resampling import resize_labels
from mmmaskattn.datasets.transforms.sizes import check_size

METHODS = ('nearest', 'bilinear')
_LABEL_STEPS = (
    *('LoadAnnotations', 'LoadSegMap', 'LoadPanopticAsSemantic', 'CheckSegMap'),
    *('LoadPanoptic', 'LoadInstances'),
)


def enlarge_nearest(small: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Enlarge a label map, each pixel taking the label of the small pixel that covers its centre.

    Args:
        small: Labels of shape (h, w).
        size: Native (H, W).

    Returns:
        Labels of shape (H, W).
    """
    return resize_labels(small, size)


def enlarge_bilinear(small: np.ndarray, size: tuple[int, int], ignore_index: int = 255) -> np.ndarray:
    """Enlarge the one-hot maps of a label map bilinearly and take the largest.

    Args:
        small: Labels of shape (h, w).
        size: Native (H, W).
        ignore_index: Its pixels vote for no class; where nothing votes, the result is this index.

    Returns:
        Labels of shape (H, W).
    """
    present = [label for label in np.unique(small) if label != ignore_index]
    best = torch.zeros(size)
    labels = np.full(size, ignore_index, small.dtype)
    # One class at a time: 150 maps of a large image would not fit in memory.
    for label in present:
        one_hot = torch.from_numpy((small == label).astype(np.float32))[None, None]
        votes = interpolate(one_hot, size=size, mode='bilinear', align_corners=False)[0, 0]
        wins = votes > best
        labels[wins.numpy()] = label
        best = torch.where(wins, votes, best)
    return labels


def label_dataset(cfg: Any) -> Any:
    """Build a config's test data set with the label-loading steps of its pipeline alone; no image is decoded.

    Args:
        cfg: The `mmengine.Config`.

    Returns:
        The data set; its samples hold ``gt_seg_map``, or ``gt_id_map`` and ``segments``.

    Raises:
        ValueError: If the test pipeline has no step that loads labels.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = dict(cfg.test_dataloader.dataset)
    steps = [step for step in dataset['pipeline'] if step['type'].rpartition('.')[2] in _LABEL_STEPS]
    if not steps:
        raise ValueError(
            f'{cfg.filename}: test_dataloader.dataset.pipeline loads no labels (none of {_LABEL_STEPS}), and the '
            f'ceiling is computed from them. Add the step that loads them.'
        )
    return DATASETS.build(dict(dataset, pipeline=steps, test_mode=True))


def network_size(cfg: Any, option: list[int] | None = None) -> tuple[int, int]:
    """The size asked for, else that of a config's test pipeline.

    Args:
        cfg: The `mmengine.Config`.
        option: H, or H and W.

    Returns:
        (H, W) in pixels.

    Raises:
        ValueError: If there is neither, or the size is not valid.
    """
    if option:
        return check_size(option[0] if len(option) == 1 else option, '--size')
    for transform in sized_transforms(cfg.test_dataloader):
        return check_size(transform['size'], f'{cfg.filename}: size of {transform["type"]}')
    raise ValueError(f'{cfg.filename}: the test pipeline has no LowResResize to take the size from. Pass --size H W.')


class OracleCeiling:
    """Running sums of intersections and unions of the reduced and enlarged ground truth.

    Args:
        num_classes: Number of classes.
        size: The network's (H, W).
        ignore_index: Native pixels of this label are not scored. A low-resolution pixel of this label predicts
            nothing, so scored native pixels that it covers count as missed.
    """

    def __init__(self, num_classes: int, size: tuple[int, int], ignore_index: int = 255) -> None:
        self.num_classes = num_classes
        self.size = size
        self.ignore_index = ignore_index
        self._areas = {method: torch.zeros(4, num_classes, dtype=torch.float64) for method in METHODS}

    def add(self, truth: np.ndarray) -> None:
        """Add one image.

        Args:
            truth: Native labels of shape (H, W), uint8.
        """
        small = resize_labels(truth, self.size)
        enlarged = {
            'nearest': enlarge_nearest(small, truth.shape),
            'bilinear': enlarge_bilinear(small, truth.shape, self.ignore_index),
        }
        for method, prediction in enlarged.items():
            areas = IoUMetric.intersect_and_union(
                torch.from_numpy(prediction.astype(np.int64)),
                torch.from_numpy(truth.astype(np.int64)),
                self.num_classes,
                self.ignore_index,
            )
            self._areas[method] += torch.stack(areas)

    def result(self) -> dict[str, dict[str, float]]:
        """Score what was added.

        Returns:
            For each of ``'nearest'`` and ``'bilinear'``: ``mIoU``, ``mAcc`` and ``aAcc`` in per cent, means over the
            classes that occur.
        """
        return {method: self._score(areas) for method, areas in self._areas.items()}

    @staticmethod
    def _score(areas: torch.Tensor) -> dict[str, float]:
        scores = IoUMetric.total_area_to_metrics(*areas, metrics=['mIoU'])
        names = {'mIoU': 'IoU', 'mAcc': 'Acc', 'aAcc': 'aAcc'}
        return {name: float(np.nanmean(scores[key])) * 100 for name, key in names.items()}
