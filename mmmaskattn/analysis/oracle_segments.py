"""The best instances and panoptic map that a prediction made at the network's size can give at native size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from torch import Tensor
from torch.nn.functional import interpolate

from mmmaskattn.analysis.oracle import enlarge_bilinear
from mmmaskattn.datasets.transforms.make_instances import MakeInstances
from mmmaskattn.datasets.transforms.resampling import resize_labels
from mmmaskattn.datasets.transforms.segment_map import IGNORE_LABEL, labels_to_learn


def oracle_segments(results: dict, size: tuple[int, int], num_classes: int) -> DetDataSample:
    """Make a sample whose prediction is its own truth, reduced to the network's size and enlarged again.

    The map of segments is reduced at exact pixel centres. Each segment's one-hot mask is enlarged bilinearly, as a
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
    sample = PackDetInputs()(MakeInstances()({**results, **shape}))['data_samples']
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
    labels = labels_to_learn(results['segments'])[small]
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
