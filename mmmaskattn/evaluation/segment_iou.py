"""Mean intersection over union for all classes, things and stuff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmseg.evaluation import IoUMetric

from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL
from mmmaskattn.evaluation.classes import class_kinds, log_figures, metrics_by_class
from mmmaskattn.evaluation.id_maps import check_same_size, label_map
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.option_types import CollectDevice


@METRICS.register_module()
class SegmentIoU(BaseMetric):
    """mIoU in per cent from sums over the whole data set, for all classes, things and stuff.

    The areas are those of mmseg's `IoUMetric`. mmdet's `SemSegMetric` reports mAcc under the name aAcc.

    Read from a data sample: ``pred_sem_seg`` and ``gt_sem_seg`` (label 255 is left out). A pixel predicted outside the
    classes is a miss.

    Reported: ``mIoU``, ``mIoU_things`` and ``mIoU_stuff`` if the data set has such classes, ``aAcc`` (pixels that are
    right), ``mAcc`` (mean over classes of the same). Means run over the classes that occur in truth or prediction
    (mAcc: in truth), and are 0 if there is none. The table per class goes into the log.

    Args:
        classwise: Also return ``IoU(<class>)`` of every class that occurs.
        collect_device: mmengine's: where results of several processes are gathered.
        prefix: What stands before the names, the protocol as a rule.

    Raises:
        ValueError: If a sample lacks a field or sizes differ.
    """

    def __init__(
        self, classwise: bool = False, collect_device: CollectDevice = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.classwise = classwise

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Count the pixels of a batch."""
        classes = len(class_kinds(self.dataset_meta).names)
        for sample in data_samples:
            truth, guess = label_map(sample, 'gt_sem_seg'), label_map(sample, 'pred_sem_seg')
            check_same_size(sample, guess.shape, truth.shape)
            maps = torch.from_numpy(guess), torch.from_numpy(truth)
            areas = IoUMetric.intersect_and_union(*maps, classes, IGNORE_LABEL)
            self.results.append(torch.stack(areas).numpy().astype(np.int64))

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Sum over the data set.

        Args:
            results: int64 (4, classes) of each image: intersection, union, prediction, truth.
        """
        kinds = class_kinds(self.dataset_meta)
        right, union, _, truth = sum(results, np.zeros((4, len(kinds.names)), np.int64)).astype(np.float64)
        iou, accuracy = (100 * right / np.where(area > 0, area, np.nan) for area in (union, truth))
        log_figures('Intersection over union', kinds.names, {'IoU': iou, 'Acc': accuracy})
        metrics = {f'mIoU{suffix}': _mean(iou[part]) for suffix, part in kinds.parts.items()}
        metrics['aAcc'] = float(100 * right.sum() / max(truth.sum(), 1))
        metrics['mAcc'] = _mean(accuracy)
        return {**metrics, **(metrics_by_class('IoU', kinds.names, iou) if self.classwise else {})}


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0
