"""The ceiling that the resolution sets: the score of a perfect prediction at the size of the network.

The truth itself is reduced to the network's size at exact pixel centres, enlarged again and scored against the native
truth: label maps by `OracleCeiling`, instances and panoptic maps as a `perfect_prediction`, a config's test set by
its own evaluators with `NativeCeiling`. Enlarging by nearest neighbour is what a hard low-resolution label map gives;
enlarging the one-hot maps bilinearly, then taking the largest, is what mmseg does with logits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dist import get_dist_info
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS, init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmengine.utils import track_iter_progress
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn.functional import interpolate

from mmmaskattn.datasets.check_root import leaf_datasets
from mmmaskattn.datasets.input_size import sized_transforms
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, IdMap
from mmmaskattn.datasets.transforms.low_res_resize import check_size, resize_labels
from mmmaskattn.datasets.transforms.pack_segments import MakeInstances, PackSegments
from mmmaskattn.evaluation.classes import class_kinds
from mmmaskattn.evaluation.protocol import evaluators_of, with_protocol

CEILING = 'native_ceiling'
LOWRES_CEILING = (
    'Under protocol lowres the ceiling is 100 by definition: the truth is what the network can give. Only AP that '
    'counts fewer predictions than an image has instances stays below.'
)
METHODS = ('nearest', 'bilinear')
_LABEL_STEPS = (
    *('LoadAnnotations', 'LoadSegMap', 'LoadPanopticAsSemantic', 'CheckSegMap'),
    *('LoadPanoptic', 'LoadInstances'),
)


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

    Returns:
        The data set; its samples hold ``gt_seg_map``, or ``gt_id_map`` and ``segments``.

    Raises:
        ValueError: If the test pipeline has no step that loads labels.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = copy.deepcopy(cfg.test_dataloader.dataset)
    for option, leaf in leaf_datasets(dataset, 'test_dataloader.dataset'):
        steps = [step for step in leaf['pipeline'] if step['type'].rpartition('.')[2] in _LABEL_STEPS]
        if not steps:
            raise ValueError(
                f'{cfg.filename}: {option}.pipeline loads no labels (none of {_LABEL_STEPS}), and the ceiling is '
                f'computed from them. Add the step that loads them.'
            )
        leaf.update(pipeline=steps, test_mode=True)
    return DATASETS.build(dataset)


def ignore_index_of(dataset: Any) -> int:
    """Label of a data set's pixels that are not scored.

    Args:
        dataset: One of mmseg's, or a wrapper of one or several; of several the first one's.

    Returns:
        The label.
    """
    while not hasattr(dataset, 'ignore_index'):
        dataset = dataset.datasets[0] if hasattr(dataset, 'datasets') else dataset.dataset
    return dataset.ignore_index


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
            'nearest': resize_labels(small, (truth.shape[0], truth.shape[1])),
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


def perfect_prediction(results: dict, size: tuple[int, int], num_classes: int) -> DetDataSample:
    """Make a sample whose prediction is its own truth, reduced to the network's size and enlarged again.

    The id map is reduced at exact pixel centres. Each segment's one-hot mask is enlarged bilinearly, as a
    model enlarges its soft masks. An instance is what exceeds one half, scored by its IoU with the truth, which ranks
    as no model can; one with no pixel left, or nothing over one half, is not predicted. In the panoptic map the
    strongest mask wins, in the semantic map the strongest class. Crowds and void predict nothing.

    Args:
        results: ``gt_id_map`` and ``segments`` at native size, as `LoadPanoptic` and `LoadInstances` give them.
        size: The network's (H, W).
        num_classes: Number of classes, the label of no segment in the panoptic map.

    Returns:
        The sample, with truth, ``pred_instances``, ``pred_panoptic_seg`` and ``pred_sem_seg`` at native size.
    """
    native = results['gt_id_map']
    shape = {'ori_shape': native.shape, 'img_shape': native.shape}
    sample = PackSegments()(MakeInstances(masks=False)({**results, **shape}))['data_samples']
    small = resize_labels(native, size)
    panoptic = torch.full(native.shape, num_classes, dtype=torch.int32)
    best = torch.zeros(native.shape)
    rows: list[tuple[Tensor, int, float]] = []
    for number, soft in _enlarged(small, results['segments'], native.shape):
        segment = results['segments'][number - 1]
        wins = soft > best
        best[wins] = soft[wins]
        panoptic[wins] = segment['label']
        if segment['isthing']:
            panoptic[wins] += number * INSTANCE_OFFSET
            mask, truth = soft > 0.5, torch.from_numpy(native == number)
            rows.append((mask, segment['label'], float((mask & truth).sum() / (mask | truth).sum())))
    sample.pred_instances = _instances([row for row in rows if row[0].any()], native.shape)
    sample.pred_panoptic_seg = PixelData(sem_seg=panoptic[None])
    labels = IdMap.of_sample(results).learned_labels[small]
    semantic = enlarge_bilinear(labels, native.shape, IGNORE_LABEL)
    sample.pred_sem_seg = PixelData(sem_seg=torch.from_numpy(semantic)[None])
    return sample


def _enlarged(small: np.ndarray, segments: list[dict], size: tuple[int, int]) -> Iterator[tuple[int, Tensor]]:
    """Number and soft mask (H, W) of each segment that has a pixel, one at a time to spare memory."""
    for number in np.flatnonzero(np.bincount(small.ravel())).tolist():
        if number and not segments[number - 1]['iscrowd']:
            one_hot = torch.from_numpy((small == number).astype(np.float32))[None, None]
            yield number, interpolate(one_hot, size=size, mode='bilinear', align_corners=False)[0, 0]


def _instances(rows: list[tuple[Tensor, int, float]], size: tuple[int, int]) -> InstanceData:
    masks = torch.stack([mask for mask, _, _ in rows]) if rows else torch.zeros((0, *size), dtype=torch.bool)
    return InstanceData(
        masks=masks,
        bboxes=torch.zeros(len(rows), 4),
        labels=torch.tensor([label for _, label, _ in rows], dtype=torch.int64),
        scores=torch.tensor([score for _, _, score in rows], dtype=torch.float32),
    )


class NativeCeiling:
    """Figures under protocol native of a prediction that equals the truth at the network's size.

    Args:
        cfg: The config; data set, input size and evaluators of its test are used.
        size: The network's (H, W); that of the test pipeline by default.

    Raises:
        ValueError: If the config has no test evaluator, no step that loads labels, or no size.
    """

    def __init__(self, cfg: Config, size: tuple[int, int] | None = None) -> None:
        self.size = size or network_size(cfg)
        self.dataset = label_dataset(cfg)
        evaluators = copy.deepcopy(evaluators_of(cfg, 'test_evaluator'))
        if not evaluators:
            raise ValueError(f'{cfg.filename}: no test_evaluator, so there is nothing to know the ceiling of. Add one.')
        for evaluator in evaluators:
            evaluator['prefix'] = with_protocol(evaluator.get('prefix'), CEILING)
        self._evaluator = Evaluator(evaluators)
        self._evaluator.dataset_meta = self.dataset.metainfo

    def compute(self) -> dict[str, float]:
        """Evaluate the data set; in a process group each process takes a part, as the test itself does.

        Returns:
            Figures by name, with ``native_ceiling/`` before it.
        """
        rank, processes = get_dist_info()
        images = len(self.dataset)
        # mmengine gathers parts of equal length, so the last ones are filled up and dropped again.
        indices = range(rank, -(-images // processes) * processes, processes)
        for index in track_iter_progress(list(indices)) if rank == 0 and images else indices:
            self._evaluator.process([self._sample(self.dataset[index % images])])
        return self._evaluator.evaluate(images)

    def _sample(self, results: dict[str, Any]) -> Any:
        if 'gt_id_map' in results:
            return perfect_prediction(results, self.size, len(class_kinds(self.dataset.metainfo).names))
        truth = results['gt_seg_map']
        prediction = enlarge_bilinear(resize_labels(truth, self.size), truth.shape, ignore_index_of(self.dataset))
        sample = SegDataSample(metainfo=dict(img_path=results.get('img_path'), ori_shape=truth.shape))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(truth)[None])
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(prediction)[None])
        return sample
