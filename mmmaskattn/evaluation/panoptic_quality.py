"""Panoptic quality in memory: no panopticapi, no PNG files in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric

from mmmaskattn.datasets.transforms.id_map import IdMap
from mmmaskattn.evaluation.classes import ClassKinds, class_kinds, log_figures, metrics_by_class
from mmmaskattn.evaluation.coco_records import COCO_IMAGE_AREA, COCO_SIZE_BINS
from mmmaskattn.evaluation.id_maps import check_same_size, label_map, predicted_segments, true_segments
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.option_types import CollectDevice

SIZE_NAMES = ('s', 'm', 'l')


class Matching(NamedTuple):
    """Which segments of an image match.

    Attributes:
        iou: float64 (n,), of each true segment with the prediction that it matches; 0 for none.
        missed: bool (n,), whether a true segment matches nothing, and should.
        wrong: bool (m,), whether a predicted segment matches nothing, and should.
        true_areas: float64 (n,), pixels.
        areas: float64 (m,), pixels of the predicted segments.
    """

    iou: np.ndarray
    missed: np.ndarray
    wrong: np.ndarray
    true_areas: np.ndarray
    areas: np.ndarray


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
    found = _matching(truth, predicted)
    every = (np.ones(len(found.iou), bool), np.ones(len(found.wrong), bool))
    return _counts(found, truth, predicted, num_classes, *every)


def match_things_by_size(
    truth: IdMap, predicted: IdMap, num_classes: int, size_bins: tuple[float, float]
) -> np.ndarray:
    """Match the segments of one image and count the things of each size apart.

    Matches and misses count by the area of the true thing, false positives by their own.

    Args:
        truth: See `match_segments`.
        predicted: See `match_segments`.
        num_classes: Number of classes.
        size_bins: Areas in pixels that part small, medium and large.

    Returns:
        float64 (3, num_classes, 4): for small, medium and large what `match_segments` counts; the three add up to it.
    """
    found = _matching(truth, predicted)
    sizes, guessed = (np.digitize(areas, size_bins) for areas in (found.true_areas, found.areas))
    things, guesses = truth.things[1:], predicted.things[1:]
    chosen = [(things & (sizes == size), guesses & (guessed == size)) for size in range(len(SIZE_NAMES))]
    return np.stack([_counts(found, truth, predicted, num_classes, *parts) for parts in chosen])


def _matching(truth: IdMap, predicted: IdMap) -> Matching:
    rows, columns = len(truth.labels), len(predicted.labels)
    pairs = np.bincount((truth.ids * columns + predicted.ids).ravel(), minlength=rows * columns)
    pairs = pairs.reshape(rows, columns).astype(np.float64)
    areas, true_areas = pairs.sum(axis=0)[1:], pairs.sum(axis=1)[1:]
    shared, on_void = pairs[1:, 1:], pairs[0, 1:]
    iou = shared / np.maximum(true_areas[:, None] + areas - shared - on_void, 1)
    crowd = truth.crowds[1:]
    same = truth.labels[1:, None] == predicted.labels[1:]
    match = same & ~crowd[:, None] & (iou > 0.5)
    ignored = on_void + (shared * (same & crowd[:, None])).sum(axis=0)
    wrong = ~match.any(axis=0) & (ignored <= 0.5 * areas)
    return Matching((iou * match).sum(axis=1), ~match.any(axis=1) & ~crowd, wrong, true_areas, areas)


def _counts(
    found: Matching, truth: IdMap, predicted: IdMap, num_classes: int, chosen: np.ndarray, guesses: np.ndarray
) -> np.ndarray:
    """Sums by class over the chosen true segments (n,) and predicted ones (m,)."""
    labels, missed = truth.labels[1:][chosen], found.missed[chosen]
    matched = found.iou[chosen] > 0
    wrong = predicted.labels[1:][found.wrong & guesses]
    columns = [np.bincount(labels, found.iou[chosen], minlength=num_classes)]
    columns += [np.bincount(one, minlength=num_classes) for one in (labels[matched], wrong, labels[missed])]
    return np.stack(columns, axis=1)


def quality(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Make PQ, SQ and RQ of counts.

    Args:
        counts: float64 (classes, 4), see `match_segments`.

    Returns:
        Each float64 (classes,), in per cent; NaN for a class of which nothing was counted.
    """
    iou, found = counts[:, 0], counts[:, 1]
    size = found + (counts[:, 2] + counts[:, 3]) / 2
    occurs = size > 0
    size = np.where(occurs, size, np.nan)
    figures = {'PQ': iou / size, 'SQ': np.where(occurs, iou / np.maximum(found, 1), np.nan), 'RQ': found / size}
    return {name: 100 * values for name, values in figures.items()}


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
        by_size: Also return ``PQ_s``, ``PQ_m`` and ``PQ_l`` of small, medium and large things, see
            `match_things_by_size`; each is left out if there is no thing of that size. Sizes are those of `InstanceAP`:
            COCO's, as the same part of an image at every resolution.
        collect_device: mmengine's: where results of several processes are gathered.
        prefix: What stands before the names, the protocol as a rule.

    Raises:
        ValueError: If a sample lacks a field, sizes differ, or the classes are not split into things and stuff.
    """

    def __init__(
        self,
        classwise: bool = False,
        by_size: bool = False,
        collect_device: CollectDevice = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.classwise, self.by_size = classwise, by_size

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Match the segments of a batch."""
        kinds = self._kinds()
        for sample in data_samples:
            truth = true_segments(sample, kinds)
            guess = label_map(sample, 'pred_panoptic_seg')
            check_same_size(sample, guess.shape, truth.ids.shape)
            segments = predicted_segments(guess, len(kinds.names), sample)
            counts = match_segments(truth, segments, len(kinds.names))
            present = np.flatnonzero(counts.any(axis=1))
            sizes = self._sizes(truth, segments, len(kinds.names))
            self.results.append((present, counts[present], sizes[:, present]))

    def _sizes(self, truth: IdMap, predicted: IdMap, num_classes: int) -> np.ndarray:
        """Counts of each size, or none if they are not asked for."""
        if not self.by_size:
            return np.zeros((0, num_classes, 4))
        low, high = (area * truth.ids.size / COCO_IMAGE_AREA for area in COCO_SIZE_BINS)
        return match_things_by_size(truth, predicted, num_classes, (low, high))

    def compute_metrics(self, results: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> dict[str, float]:
        """Average over the data set.

        Args:
            results: Of each image the labels that occur, their counts, see `match_segments`, and those of each size.
        """
        kinds = self._kinds()
        total = np.zeros((len(kinds.names), 4))
        of_sizes = np.zeros((len(SIZE_NAMES) if self.by_size else 0, len(kinds.names), 4))
        for present, counts, sizes in results:
            total[present] += counts
            of_sizes[:, present] += sizes
        figures = quality(total)
        occurs = ~np.isnan(figures['PQ'])
        log_figures('Panoptic quality', kinds.names, figures)
        metrics = {
            name + suffix: float(values[part][occurs[part]].mean()) if occurs[part].any() else 0.0
            for suffix, part in kinds.parts.items()
            for name, values in figures.items()
        }
        for size, counts in zip(SIZE_NAMES, of_sizes):
            values = quality(counts)['PQ']
            if not np.isnan(values).all():
                metrics[f'PQ_{size}'] = float(np.nanmean(values))
        return {**metrics, **(metrics_by_class('PQ', kinds.names, figures['PQ']) if self.classwise else {})}

    def _kinds(self) -> ClassKinds:
        kinds = class_kinds(self.dataset_meta)
        if kinds.num_things is None:
            raise ValueError(
                'PanopticQuality: the data set has no thing_classes and stuff_classes in its metainfo, so things and '
                'stuff cannot be told apart. Use a panoptic data set, or add them to metainfo.'
            )
        return kinds
