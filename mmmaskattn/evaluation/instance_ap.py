"""Average precision of instances as COCO defines it: the metric, and the table of precisions under it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from functools import cached_property
from logging import WARNING
from typing import Any

import numpy as np
from mmengine import fileio
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmmaskattn.evaluation.classes import class_kinds, log_figures, metrics_by_class
from mmmaskattn.evaluation.coco_records import (
    COCO_IMAGE_AREA,
    COCO_SIZE_BINS,
    ImageRecord,
    TruthFile,
    annotations_of,
    coco_object,
)
from mmmaskattn.evaluation.id_maps import as_array, check_same_size, instances_of, name_of, part_of
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.option_types import CollectDevice, Count, Interval, Name, PositiveFraction, Thresholds

COCO_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
SIZES = ('all', 's', 'm', 'l')
_LARGEST = 1e10


class PrecisionTable:
    """Precision and recall of all predictions of a data set, at any thresholds, sizes and limits.

    A threshold of 1.0 asks for identical masks: pycocotools lowers it to 1 - 1e-10.

    Args:
        truth: Truth.
        predicted: Predictions.
        thresholds: IoU thresholds.
        size_bins: Areas that part small, medium and large, in the unit of the records' ``area``.
        max_dets: At most that many predictions per image and class count, the best scored first (pycocotools' maxDets).
        image_limits: Limits for `precision`'s ``limit``: at most that many predictions per image, of all classes.
    """

    def __init__(
        self,
        truth: COCO,
        predicted: COCO,
        thresholds: Sequence[float],
        size_bins: tuple[float, float],
        max_dets: int,
        image_limits: Sequence[int] = (),
    ) -> None:
        self.thresholds = np.asarray(thresholds, np.float64)
        self._eval = COCOeval(truth, predicted, 'segm')
        params = self._eval.params
        params.iouThrs = self.thresholds
        params.areaRng = [[0, _LARGEST], [0, size_bins[0]], list(size_bins), [size_bins[1], _LARGEST]]
        params.areaRngLbl = list(SIZES)
        params.maxDets = sorted({max_dets, *image_limits})
        self._column = params.maxDets.index(max_dets)
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            self._eval.evaluate()
            self._eval.accumulate()
        self._precision, self._recall = self._eval.eval['precision'], self._eval.eval['recall']
        self._limited = {limit: self._limited_precision(limit) for limit in image_limits}

    def precision(
        self, thresholds: Sequence[float], size: str = 'all', label: int | None = None, limit: int | None = None
    ) -> float:
        """Average precision, the mean over thresholds, 101 recalls and classes with truth.

        Args:
            thresholds: Some of the thresholds given.
            size: One of `SIZES`.
            label: One class only.
            limit: One of the ``image_limits``, for ``size='all'``.

        Returns:
            In per cent; NaN if there is no truth of that size and class.
        """
        table = self._precision[..., self._column] if limit is None else self._limited[limit]
        chosen = table[self._rows(thresholds), :, :, SIZES.index(size)]
        return _mean(chosen if label is None else chosen[..., label])

    def recall(self, thresholds: Sequence[float]) -> float:
        """Average recall, the mean over thresholds and classes with truth.

        Args:
            thresholds: Some of the thresholds given.

        Returns:
            In per cent; NaN if there is no truth.
        """
        return _mean(self._recall[self._rows(thresholds), :, 0, self._column])

    def _rows(self, thresholds: Sequence[float]) -> list[int]:
        return [int(np.abs(self.thresholds - threshold).argmin()) for threshold in thresholds]

    def _limited_precision(self, limit: int) -> np.ndarray:
        """Precision with a limit per image over all classes.

        Matching goes from the best score down, so the matches of the first predictions do not depend on later ones:
        what lies beyond the limit is cut off afterwards.
        """
        counts = self._counts_within(limit)
        whole, params = self._eval.evalImgs, self._eval.params
        area_of_all = params.areaRng[0]
        self._eval.evalImgs = [
            _first(one, counts.get((one['image_id'], one['category_id']), 0))
            if one and one['aRng'] == area_of_all
            else None
            for one in whole
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            self._eval.accumulate()
        self._eval.evalImgs = whole
        return self._eval.eval['precision'][..., -1]

    def _counts_within(self, limit: int) -> dict[tuple[int, int], int]:
        """How many predictions of each (image, class) are among the best ``limit`` of their image."""
        counts: dict[tuple[int, int], int] = {}
        for number, rows in self._eval.cocoDt.imgToAnns.items():
            order = np.argsort([-row['score'] for row in rows], kind='mergesort')
            for index in order[:limit]:
                key = (number, rows[index]['category_id'])
                counts[key] = counts.get(key, 0) + 1
        return counts


def _first(one: Mapping, count: int) -> dict:
    """pycocotools' record of an image and class with its first predictions only."""
    cut = {key: one[key][:count] for key in ('dtIds', 'dtScores')}
    return {**one, **cut, **{key: one[key][:, :count] for key in ('dtMatches', 'dtIgnore')}}


def _mean(values: np.ndarray) -> float:
    """Mean in per cent of what pycocotools has filled in; it marks the rest by -1."""
    known = values[values > -1]
    return float(100 * known.mean()) if known.size else float('nan')


@METRICS.register_module()
class InstanceAP(BaseMetric):
    """AP and AR of masks in per cent, by pycocotools.

    Read from a data sample: ``pred_instances`` (``masks``, ``labels``, ``scores``), ``gt_instances`` and
    ``ignored_instances`` (crowds) with ``labels``, and ``gt_instance_map`` or ``masks`` of both; with ``ann_file`` the
    truth is the json's, whose masks may overlap.

    Reported: ``AP`` and ``AR`` (mean over ``iou_thresholds``), ``AP50``, ``AP75``; ``AP@30``, ``AP@50``, ``AP@70``,
    ``AP@100`` at the paper's IoU thresholds, of which 1.0 asks for identical masks; ``AP_max30``, ``AP_max50``,
    ``AP_max70``, ``AP_max100`` with at most that many predictions per image, of all classes together, which is what the
    paper's released code varies under these numbers; ``AP_s``, ``AP_m``, ``AP_l`` by size, each left out if there is no
    truth of that size. Without predictions all are 0; without any truth too, and the log says so. The table per class
    goes into the log.

    Args:
        iou_thresholds: Thresholds of AP and AR; COCO's 0.5, 0.55, ..., 0.95 by default.
        single_thresholds: Thresholds of ``AP@...``.
        image_limits: Limits of ``AP_max...``.
        max_dets: At most that many predictions per image and class count for all others, as in COCO. Raise it where
            images have more instances.
        size_bins: Areas in pixels that part small, medium and large. Default: COCO's 32^2 and 96^2 times the area of
            the truth's map over 640 * 480, so that a size means the same part of an image at every resolution (55 and
            492 pixels at 128x128); with ``ann_file``, COCO's own.
        ann_file: An instance json at the images' own size, for protocol native.
        classwise: Also return ``AP(<class>)`` of every class with truth.
        backend_args: mmengine's file backend options, for ``ann_file``.
        collect_device: mmengine's: where results of several processes are gathered.
        prefix: What stands before the names, the protocol as a rule.

    Raises:
        FileNotFoundError: If ``ann_file`` is missing.
        ValueError: If an option is out of range, a sample lacks a field, or sizes differ.
    """

    def __init__(
        self,
        iou_thresholds: Thresholds | None = None,
        single_thresholds: Sequence[PositiveFraction] = (0.3, 0.5, 0.7, 1.0),
        image_limits: Sequence[Count] = (30, 50, 70, 100),
        max_dets: Count = 100,
        size_bins: Interval | None = None,
        ann_file: Name | None = None,
        classwise: bool = False,
        backend_args: dict[str, Any] | None = None,
        collect_device: CollectDevice = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.iou_thresholds = [float(one) for one in (COCO_THRESHOLDS if iou_thresholds is None else iou_thresholds)]
        self.single_thresholds = [float(one) for one in single_thresholds]
        self.image_limits = list(image_limits)
        self.max_dets = max_dets
        self.size_bins = None if size_bins is None else [float(area) for area in size_bins]
        if self.size_bins is not None and self.size_bins[0] >= self.size_bins[1]:
            raise ValueError(f'InstanceAP: option size_bins is {size_bins}; expected two areas, the smaller first')
        if ann_file is not None and not fileio.exists(ann_file, backend_args=backend_args):
            raise FileNotFoundError(f'InstanceAP: ann_file={ann_file!r} does not exist. Correct it or leave it out.')
        self.ann_file = ann_file
        self.backend_args = backend_args
        self.classwise = classwise

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep a batch, its masks as run-length codes."""
        num_things = len(class_kinds(self.dataset_meta).things)
        for sample in data_samples:
            size = (sample['ori_shape'][0], sample['ori_shape'][1])  # of the truth, under either protocol
            truth = [] if self.ann_file else self._truth(sample, size, num_things)
            predicted = self._predicted(sample, size, num_things)
            self.results.append(ImageRecord(sample.get('img_id'), name_of(sample), size, truth, predicted))

    @staticmethod
    def _truth(sample: Mapping[str, Any], size: tuple[int, int], num_things: int) -> list[dict]:
        """Instances and crowds; a crowd of stuff is none of ours."""
        found = annotations_of(*instances_of(sample, 'gt_instances', size))
        crowds = annotations_of(*instances_of(sample, 'ignored_instances', size))
        return [row for row in [*found, *(dict(row, iscrowd=1) for row in crowds)] if row['category_id'] < num_things]

    @staticmethod
    def _predicted(sample: Mapping[str, Any], size: tuple[int, int], num_things: int) -> list[dict]:
        part = part_of(sample, 'pred_instances')
        labels = as_array(part['labels']).astype(np.int64)
        if not len(labels):
            return []
        masks = as_array(part['masks']).astype(bool)
        check_same_size(sample, masks.shape[1:], size)
        wrong = sorted(set(labels[(labels < 0) | (labels >= num_things)].tolist()))
        if wrong:
            raise ValueError(
                f'{name_of(sample)}: pred_instances has labels {wrong[:10]}, expected 0 to {num_things - 1}. Do the '
                f'classes of model and data set agree, things first?'
            )
        scores = as_array(part['scores']).astype(np.float64).tolist()
        return annotations_of(masks, labels, score=scores)

    def compute_metrics(self, results: list[ImageRecord]) -> dict[str, float]:
        """Evaluate the data set."""
        names = class_kinds(self.dataset_meta).things
        images = [ImageRecord(*one) for one in results]
        truth = [self._file.annotations(one, names) if self.ann_file else one.truth for one in images]
        if not any(not row['iscrowd'] for rows in truth for row in rows):
            print_log('InstanceAP: no instance in the truth; all figures are 0.', logger='current', level=WARNING)
        bins = self.size_bins or COCO_SIZE_BINS
        table = PrecisionTable(
            coco_object(images, names, [self._scaled(rows, one) for rows, one in zip(truth, images)]),
            coco_object(images, names, [self._scaled(one.predicted, one) for one in images]),
            thresholds=sorted({*self.iou_thresholds, 0.5, 0.75, *self.single_thresholds}),
            size_bins=(bins[0], bins[1]),
            max_dets=self.max_dets,
            image_limits=self.image_limits,
        )
        return {**self._figures(table), **self._class_figures(table, names)}

    @cached_property
    def _file(self) -> TruthFile:
        return TruthFile(str(self.ann_file), self.backend_args)

    def _scaled(self, rows: Sequence[dict], image: ImageRecord) -> list[dict]:
        """Records with their area in pixels of a 640x480 image, unless the bins are in pixels of this one."""
        if self.size_bins is not None or self.ann_file:
            return list(rows)
        scale = COCO_IMAGE_AREA / (image.size[0] * image.size[1])
        return [dict(row, area=row['area'] * scale) for row in rows]

    def _figures(self, table: PrecisionTable) -> dict[str, float]:
        thresholds = self.iou_thresholds
        figures = {'AP': table.precision(thresholds), 'AP50': table.precision([0.5]), 'AP75': table.precision([0.75])}
        figures['AR'] = table.recall(thresholds)
        figures.update({f'AP@{100 * one:g}': table.precision([one]) for one in self.single_thresholds})
        figures.update({f'AP_max{limit}': table.precision(thresholds, limit=limit) for limit in self.image_limits})
        sizes = {f'AP_{size}': table.precision(thresholds, size) for size in 'sml'}
        always = {name: 0.0 if np.isnan(value) else value for name, value in figures.items()}
        return {**always, **{name: value for name, value in sizes.items() if not np.isnan(value)}}

    def _class_figures(self, table: PrecisionTable, names: Sequence[str]) -> dict[str, float]:
        whole = self.iou_thresholds
        columns = {'AP': (whole, 'all'), 'AP50': ([0.5], 'all'), 'AP75': ([0.75], 'all')}
        columns.update({f'AP_{size}': (whole, size) for size in 'sml'})
        figures = {
            column: np.array([table.precision(*chosen, label=label) for label in range(len(names))])
            for column, chosen in columns.items()
        }
        log_figures('Average precision of instances', names, figures)
        return metrics_by_class('AP', names, figures['AP']) if self.classwise else {}
