"""Panoptic quality in memory: no panopticapi, no PNG files in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmmaskattn.datasets.transforms.id_map import IdMap
from mmmaskattn.evaluation.classes import ClassKinds, class_kinds, log_figures, metrics_by_class
from mmmaskattn.evaluation.id_maps import check_same_size, label_map, predicted_segments, true_segments
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.option_types import CollectDevice


def match_segments(truth: IdMap, predicted: IdMap, num_classes: int) -> np.ndarray:
    """Match the segments of one image.

    Kirillov et al., "Panoptic Segmentation", section 4, with COCO's rules for void and crowd. A predicted and a true
    segment of the same class match if their intersection is more than half of their union, void pixels of the
    prediction taken out of the union; no segment can match twice. Crowds match nothing and are not missed. A predicted
    segment that is not matched is a false positive unless more than half of it lies on void and on crowds of its class.

    The official code counts one crowd of each class in an image (COCO has no more); here all of them count.

    Args:
        truth: Truth; id 0 is void.
        predicted: Prediction of the same size; id 0 is no segment.
        num_classes: Number of classes.

    Returns:
        float64 (num_classes, 4): sum of IoU over matches, matches, false positives, misses (false negatives).
    """
    rows, columns = len(truth.labels), len(predicted.labels)
    pairs = np.bincount((truth.ids * columns + predicted.ids).ravel(), minlength=rows * columns)
    pairs = pairs.reshape(rows, columns).astype(np.float64)
    areas = pairs.sum(axis=0)[1:]
    shared, on_void = pairs[1:, 1:], pairs[0, 1:]
    union = pairs.sum(axis=1)[1:, None] + areas - shared - on_void
    iou = shared / np.maximum(union, 1)
    crowd, labels, guesses = truth.crowds[1:], truth.labels[1:], predicted.labels[1:]
    same = labels[:, None] == guesses
    match = same & ~crowd[:, None] & (iou > 0.5)
    ignored = on_void + (shared * (same & crowd[:, None])).sum(axis=0)
    wrong = ~match.any(axis=0) & (ignored <= 0.5 * areas)
    missed = ~match.any(axis=1) & ~crowd
    counts = (np.bincount(found, minlength=num_classes) for found in (labels[match.any(axis=1)], guesses[wrong]))
    sums = np.bincount(labels, (iou * match).sum(axis=1), minlength=num_classes)
    return np.stack([sums, *counts, np.bincount(labels[missed], minlength=num_classes)], axis=1)


@METRICS.register_module()
class PanopticQuality(BaseMetric):
    """PQ, SQ and RQ in per cent, for all classes, things and stuff.

    Read from a data sample: ``pred_panoptic_seg`` (stuff = label, thing = label + 1000 times its number, the number of
    classes = no segment), ``gt_instances`` and ``ignored_instances`` (crowds) with ``labels``, ``gt_instance_map`` (or
    ``masks`` of both), and ``gt_sem_seg`` (all pixels of a class of stuff are one segment). Pixels with label 255 and
    no crowd, and pixels of a thing class without an instance, are void.

    Reported: ``PQ``, ``SQ``, ``RQ``, and the same with ``_things`` and ``_stuff`` if the data set has such classes.
    PQ = sum of IoU / (TP + FP/2 + FN/2) of a class, SQ the mean IoU of its matches, RQ = TP / (TP + FP/2 + FN/2); all
    are means over the classes with TP + FP + FN > 0, and 0 if there is none. The table per class goes into the log.

    Args:
        classwise: Also return ``PQ(<class>)`` of every class that occurs.
        collect_device: mmengine's: where results of several processes are gathered.
        prefix: What stands before the names, the protocol as a rule.

    Raises:
        ValueError: If a sample lacks a field, sizes differ, or the classes are not split into things and stuff.
    """

    def __init__(
        self, classwise: bool = False, collect_device: CollectDevice = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.classwise = classwise

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Match the segments of a batch."""
        kinds = self._kinds()
        for sample in data_samples:
            truth = true_segments(sample, kinds)
            guess = label_map(sample, 'pred_panoptic_seg')
            check_same_size(sample, guess.shape, truth.ids.shape)
            counts = match_segments(truth, predicted_segments(guess, len(kinds.names), sample), len(kinds.names))
            present = np.flatnonzero(counts.any(axis=1))
            self.results.append((present, counts[present]))

    def compute_metrics(self, results: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
        """Average over the data set.

        Args:
            results: Of each image the labels that occur and their counts, see `match_segments`.
        """
        kinds = self._kinds()
        total = np.zeros((len(kinds.names), 4))
        for present, counts in results:
            total[present] += counts
        iou, found = total[:, 0], total[:, 1]
        size = found + (total[:, 2] + total[:, 3]) / 2
        occurs = size > 0
        size = np.where(occurs, size, np.nan)
        figures = {'PQ': iou / size, 'SQ': np.where(occurs, iou / np.maximum(found, 1), np.nan), 'RQ': found / size}
        figures = {name: 100 * values for name, values in figures.items()}
        log_figures('Panoptic quality', kinds.names, figures)
        metrics = {
            name + suffix: float(values[part][occurs[part]].mean()) if occurs[part].any() else 0.0
            for suffix, part in kinds.parts.items()
            for name, values in figures.items()
        }
        return {**metrics, **(metrics_by_class('PQ', kinds.names, figures['PQ']) if self.classwise else {})}

    def _kinds(self) -> ClassKinds:
        kinds = class_kinds(self.dataset_meta)
        if kinds.num_things is None:
            raise ValueError(
                'PanopticQuality: the data set has no thing_classes and stuff_classes in its metainfo, so things and '
                'stuff cannot be told apart. Use a panoptic data set, or add them to metainfo.'
            )
        return kinds
