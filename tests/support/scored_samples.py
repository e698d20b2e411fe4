"""Data samples with truth and prediction, as a model in a Runner hands them to the metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.structures import InstanceData, PixelData

from mmmaskattn.datasets.transforms import MakeInstances, PackSegments

THINGS, STUFF = ('cat', 'dog', 'cow'), ('sky', 'sea')
META = dict(classes=THINGS + STUFF, thing_classes=THINGS, stuff_classes=STUFF)
VOID = len(META['classes'])


def truth(
    ids: np.ndarray, labels: Sequence[int], crowds: Sequence[int] = (), img_id: int = 0, masks: bool = False
) -> DetDataSample:
    """A sample with truth: number k of ``ids`` has label ``labels[k - 1]``; 0 is void. Made by the real transforms.

    With ``masks`` it is as mmdet's own pipelines make it, with masks and no map of instances.
    """
    ids = np.asarray(ids, np.int32)
    segments = [
        dict(id=k, label=label, isthing=label < len(THINGS), iscrowd=int(k in crowds))
        for k, label in enumerate(labels, 1)
    ]
    results = MakeInstances(masks)(dict(gt_id_map=ids, segments=segments))
    results.update(img_id=img_id, img_path=f'{img_id}.png', ori_shape=ids.shape, img_shape=ids.shape)
    if masks:
        del results['gt_instance_map']
    return PackSegments()(results)['data_samples']


def with_panoptic(sample: DetDataSample, ids: np.ndarray, labels: Sequence[int]) -> DetDataSample:
    """Add a predicted panoptic map: number k has label ``labels[k - 1]``; 0 is no segment."""
    values = [VOID] + [label + k * INSTANCE_OFFSET * (label < len(THINGS)) for k, label in enumerate(labels, 1)]
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.tensor(values, dtype=torch.int32)[torch.as_tensor(ids)][None])
    return sample


def with_instances(
    sample: DetDataSample, masks: Sequence[np.ndarray], labels: Sequence[int], scores: Sequence[float]
) -> DetDataSample:
    """Add predicted instances."""
    size = sample.ori_shape
    stacked = np.stack(masks) if len(masks) else np.zeros((0, *size), bool)
    sample.pred_instances = InstanceData(
        masks=torch.from_numpy(stacked.astype(bool)),
        bboxes=torch.zeros(len(masks), 4),
        labels=torch.tensor(labels, dtype=torch.int64),
        scores=torch.tensor(scores, dtype=torch.float32),
    )
    return sample


def with_semantic(sample: DetDataSample, labels: np.ndarray) -> DetDataSample:
    """Add a predicted semantic map."""
    sample.pred_sem_seg = PixelData(sem_seg=torch.as_tensor(np.asarray(labels, np.int64))[None])
    return sample


def evaluate(metric: BaseMetric, samples: Sequence[DetDataSample], meta: dict = META) -> dict[str, float]:
    """What the Runner's evaluation loop does."""
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = meta
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


def random_ids(rng: np.random.Generator, count: int, size: tuple[int, int] = (24, 30)) -> np.ndarray:
    """Overlapping rectangles numbered 1 to ``count`` on 0; large enough to be hit by another such map."""
    ids = np.zeros(size, np.int32)
    for k in range(1, count + 1):
        top, left = rng.integers(0, size[0] - 4), rng.integers(0, size[1] - 4)
        ids[top : top + rng.integers(4, 16), left : left + rng.integers(4, 16)] = k
    return ids


def disturbed(rng: np.random.Generator, ids: np.ndarray, labels: list[int]) -> tuple[np.ndarray, list[int]]:
    """A plausible prediction: the map shifted, one segment split, some relabelled, one dropped."""
    moved = np.roll(ids, rng.integers(-2, 3, 2), (0, 1))
    number = int(rng.integers(1, len(labels) + 1))
    moved[(moved == number) & (np.arange(ids.shape[1]) % 2 == 0)] = len(labels) + 1
    moved[moved == rng.integers(1, len(labels) + 1)] = 0
    changed = [int(rng.integers(0, VOID)) if rng.random() < 0.15 else label for label in labels]
    return moved, [*changed, labels[number - 1]]
