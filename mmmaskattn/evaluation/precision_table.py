"""pycocotools' precision and recall, picked by name instead of by its fixed list of twelve figures."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

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
