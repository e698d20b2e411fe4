"""A checkpoint tested for the report: figures, figures by class, confusion matrix, the best and worst pictures."""

from __future__ import annotations

import copy
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.evaluation import IoUMetric

from mmmaskattn.apis.description import task_of
from mmmaskattn.apis.inferencer import DEFAULT_SCORE
from mmmaskattn.apis.results import classes_of, segments_result
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, IdMap
from mmmaskattn.engine.launch import demand_parts, fit_workers
from mmmaskattn.engine.non_finite import NonFiniteError
from mmmaskattn.engine.runner import build_runner, end_workers
from mmmaskattn.evaluation.classes import ClassKinds, class_kinds
from mmmaskattn.evaluation.id_maps import label_map, predicted_segments, true_instances, true_segments
from mmmaskattn.evaluation.panoptic_quality import match_segments, quality
from mmmaskattn.evaluation.protocol import protocol_of
from mmmaskattn.utils.weights import check_checkpoint, demand_whole_weights
from mmmaskattn_runtime import Classes, Result, panoptic_result
from mmmaskattn_runtime.drawing import object_map

SPLITS = ('val', 'test')
_OURS = ('PanopticQuality', 'InstanceAP', 'SegmentIoU')
_OF_CLASS = re.compile(r'(?:.*/)?(\w+)\((.+)\)')
_OF_SIZE = re.compile(r'(?:.*/)?(PQ|AP)_([sml])')
_ASIDE = 'report'


class Example(NamedTuple):
    """A picture with truth and prediction.

    Attributes:
        path: Of the picture.
        score: Its figure, 0 to 100.
        truth: The truth.
        prediction: The prediction.
    """

    path: str
    score: float
    truth: Result
    prediction: Result


@dataclass
class Evaluation:
    """A checkpoint on a data set.

    Attributes:
        split: ``'val'`` or ``'test'``.
        images: Number of images.
        protocol: How truth and prediction were compared.
        checkpoint: The checkpoint.
        classes: What is told apart.
        figures: All figures of the config's metrics, as the test command gives them.
        by_class: Figure, such as ``'PQ'``, to class to value.
        by_size: ``'PQ'`` and ``'AP'`` to ``'s'``, ``'m'``, ``'l'`` to value.
        confusion: int64 (classes, classes + 1), pixels by true class and predicted one, the last column for none; None
            if there is no semantic map.
        score_name: What the figure of a picture is.
        best: The best pictures, the best first.
        worst: The worst pictures, the worst first.
    """

    split: str
    images: int
    protocol: str
    checkpoint: Path
    classes: Classes
    figures: dict[str, float]
    by_class: dict[str, dict[str, float]] = field(default_factory=dict)
    by_size: dict[str, dict[str, float]] = field(default_factory=dict)
    confusion: np.ndarray | None = None
    score_name: str = ''
    best: list[Example] = field(default_factory=list)
    worst: list[Example] = field(default_factory=list)


def evaluate(cfg: Config, checkpoint: Path, split: str, pictures: int) -> Evaluation:
    """Test a checkpoint with the config's own metrics, and look at every picture.

    Args:
        cfg: The config of a training.
        checkpoint: The checkpoint.
        split: ``'val'`` or ``'test'``: whose data and metrics of the config are used.
        pictures: How many of the best, and of the worst, pictures are kept.

    Returns:
        What was found.

    Raises:
        FileNotFoundError: If the data are missing.
        ValueError: If the config has no such data set or metrics.
        WeightsMismatchError: If the checkpoint is not one of the model.
    """
    check_checkpoint(checkpoint)
    demand_parts(cfg, ('model', f'{split}_dataloader', f'{split}_evaluator'))
    with tempfile.TemporaryDirectory() as folder:
        ready = _test_config(cfg, checkpoint, split, folder)
        check_data_roots(ready, ('test_dataloader',))
        runner = build_runner(ready)
        demand_whole_weights(runner)
        gallery = Gallery(task_of(ready), _score_of(ready), pictures)
        runner.register_hook(gallery)
        try:
            metrics = runner.test()
        except NonFiniteError as error:
            raise SystemExit(str(error)) from None
        images = len(runner.test_dataloader.dataset)
        end_workers(runner)
    found = Evaluation(split, images, protocol_of(ready), checkpoint, gallery.classes, *_sorted_figures(metrics))
    best, worst = gallery.chosen()
    confusion = gallery.confusion if gallery.confusion.any() else None
    return replace(found, confusion=confusion, score_name=gallery.score_name, best=best, worst=worst)


def _test_config(cfg: Config, checkpoint: Path, split: str, folder: str) -> Config:
    """The config of the test; nothing is written into the folder of the training, which may be running."""
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader, cfg.test_evaluator = cfg[f'{split}_dataloader'], cfg[f'{split}_evaluator']
    cfg.test_cfg = cfg.get('test_cfg') or dict(type='TestLoop')
    fit_workers(cfg)
    cfg.load_from, cfg.resume, cfg.work_dir, cfg.launcher = str(checkpoint), False, folder, 'none'
    cfg.log_level = 'WARNING'  # the page has it all, and the log file does not stay
    # Names of their own: mmengine keeps one visualizer and one logger per name in a process.
    cfg.experiment_name = f'report_{time.time_ns()}'
    if 'visualizer' in cfg:
        cfg.visualizer.name = cfg.experiment_name
    given = cfg.test_evaluator if isinstance(cfg.test_evaluator, (list, tuple)) else [cfg.test_evaluator]
    evaluators = [one for one in given if 'Dump' not in str(one['type'])]
    for one in evaluators:
        kind = str(one['type']).rpartition('.')[2]
        if kind in _OURS:
            one['classwise'] = True
        if kind == 'PanopticQuality':
            one['by_size'] = True
    if not any(str(one['type']).endswith('SegmentIoU') for one in evaluators) and task_of(cfg) == 'semantic':
        evaluators.append(
            dict(type='mmmaskattn.SegmentIoU', classwise=True, prefix=_ASIDE)
        )  # mmseg's only logs classes
    cfg.test_evaluator = evaluators
    return cfg


def _score_of(cfg: Config) -> float:
    hook = (cfg.get('default_hooks') or {}).get('visualization') or {}
    return hook.get('score_thr', DEFAULT_SCORE)


Table = dict[str, dict[str, float]]


def _sorted_figures(metrics: Mapping[str, float]) -> tuple[dict[str, float], Table, Table]:
    """Figures of the whole, by class and by size."""
    whole: dict[str, float] = {}
    by_class: Table = {}
    by_size: Table = {}
    for name, value in metrics.items():
        if found := _OF_CLASS.fullmatch(name):
            by_class.setdefault(found[1], {})[found[2]] = float(value)
            continue
        if name.startswith(f'{_ASIDE}/'):
            continue
        if found := _OF_SIZE.fullmatch(name):
            by_size.setdefault(found[1], {})[found[2]] = float(value)
        whole[name] = float(value)
    return whole, by_class, by_size


class Gallery(Hook):
    """Looks at every picture of a test: sums the confusion of its pixels, and keeps the best and the worst ones.

    Args:
        task: That of the model.
        score_thr: Least score of an instance that is drawn.
        pictures: How many to keep at either end.
    """

    def __init__(self, task: str, score_thr: float, pictures: int) -> None:
        self.task, self.score_thr, self.pictures = task, score_thr, pictures
        self.score_name = {'semantic': 'mIoU', 'instance': 'PQ of the things', 'panoptic': 'PQ'}[task]
        self.kept: list[Example] = []

    def before_test(self, runner: Runner) -> None:
        """Learn the classes."""
        metainfo = runner.test_dataloader.dataset.metainfo
        self.kinds, self.classes = class_kinds(metainfo), classes_of(metainfo)
        self.confusion = np.zeros((len(self.kinds.names), len(self.kinds.names) + 1), np.int64)

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Sequence[Any] | None = None
    ) -> None:
        """Look at the pictures of a batch.

        Args:
            runner: Not used.
            batch_idx: Not used.
            data_batch: Not used.
            outputs: Data samples with truth and prediction.
        """
        for sample in outputs or ():
            if 'pred_sem_seg' in sample and 'gt_sem_seg' in sample:
                add_confusion(self.confusion, sample.to_dict())
            if self.pictures:
                self._judge(sample)

    def _judge(self, sample: Any) -> None:
        reader = _semantic_example if self.task == 'semantic' else self._segments_example
        example = reader(sample, self.classes, self.kinds)
        if np.isnan(example.score):
            return
        self.kept.append(example)
        if len(self.kept) > 4 * self.pictures:
            best, worst = self.chosen()
            self.kept = best + worst

    def _segments_example(self, sample: Any, classes: Classes, kinds: ClassKinds) -> Example:
        return _segments_example(sample, classes, kinds, self.task, self.score_thr)

    def chosen(self) -> tuple[list[Example], list[Example]]:
        """The best and the worst pictures, none of them in both."""
        ordered = sorted(self.kept, key=lambda one: one.score, reverse=True)
        best = ordered[: min(self.pictures, (len(ordered) + 1) // 2)]
        return best, ordered[: len(best) - 1 : -1][: self.pictures]


def add_confusion(confusion: np.ndarray, sample: Mapping[str, Any]) -> None:
    """Add the pixels of a picture.

    Args:
        confusion: int64 (classes, classes + 1), changed in place.
        sample: The data sample as a dictionary, with ``gt_sem_seg`` and ``pred_sem_seg``.
    """
    classes = len(confusion)
    truth, guess = label_map(sample, 'gt_sem_seg'), label_map(sample, 'pred_sem_seg')
    known = (truth >= 0) & (truth < classes)
    guesses = np.where((guess >= 0) & (guess < classes), guess, classes)
    pairs = truth[known] * (classes + 1) + guesses[known]
    confusion += np.bincount(pairs, minlength=confusion.size).reshape(confusion.shape)


def _semantic_example(sample: Any, classes: Classes, kinds: ClassKinds) -> Example:
    fields = sample.to_dict()
    truth, guess = label_map(fields, 'gt_sem_seg'), label_map(fields, 'pred_sem_seg')
    maps = torch.from_numpy(guess), torch.from_numpy(truth)
    right, union, _, _ = IoUMetric.intersect_and_union(*maps, len(kinds.names), IGNORE_LABEL)
    iou = (right / union)[union > 0]
    labels = np.where(truth == IGNORE_LABEL, -1, truth).astype(np.int16)
    size, path = (truth.shape[0], truth.shape[1]), str(sample.img_path)
    results = [Result(classes, size, one, name=path) for one in (labels, guess.astype(np.int16))]
    return Example(path, float(100 * iou.mean()) if len(iou) else float('nan'), *results)


def _segments_example(sample: Any, classes: Classes, kinds: ClassKinds, task: str, score_thr: float) -> Example:
    fields, path = sample.to_dict(), str(sample.img_path)
    size = label_map(fields, 'gt_sem_seg').shape
    truth = true_segments(fields, kinds) if task == 'panoptic' else true_instances(fields, size)
    shape = (int(size[0]), int(size[1]))
    prediction = Result(classes, shape, name=path, **segments_result(sample, classes, task, score_thr))
    if task == 'panoptic':
        guess = predicted_segments(label_map(fields, 'pred_panoptic_seg'), len(kinds.names), fields)
    else:
        labels = np.array([IGNORE_LABEL, *(one.label for one in prediction.objects)], np.int64)
        ids = object_map(prediction, shape).astype(np.int64)
        guess = IdMap(ids, labels, labels != IGNORE_LABEL, np.zeros(len(labels), bool))
    values = quality(match_segments(truth, guess, len(kinds.names)))['PQ']
    score = float('nan') if np.isnan(values).all() else float(np.nanmean(values))
    return Example(path, score, _truth_result(truth, classes, shape, path), prediction)


def _truth_result(truth: IdMap, classes: Classes, size: tuple[int, int], path: str) -> Result:
    """The truth as a result; crowds are left out, as nothing is judged there."""
    kept = np.flatnonzero(~truth.crowds[1:]) + 1
    table = np.zeros(len(truth.labels), np.int32)
    table[kept] = np.arange(1, len(kept) + 1)
    return Result(classes, size, name=path, **panoptic_result(table[truth.ids], classes, truth.labels[kept].tolist()))
