"""From predictions as data samples to results as plain data, with memory that does not grow with the objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmmaskattn.evaluation.classes import class_kinds
from mmmaskattn.models.grouping.fusion import INSTANCE_OFFSET
from mmmaskattn.models.grouping.scores import greatest_at
from mmmaskattn_runtime import Classes, Instance, Result, RunLengths, encode, extents, instances_of_map, panoptic_result
from mmmaskattn_runtime.result import Extent, look_up

SAFE_CLASSES = 12
"""Up to so many classes get colours that colour-blind people can tell apart; more keep those of their data set."""


def classes_of(metainfo: Mapping[str, Any]) -> Classes:
    """Read the classes of a data set.

    Args:
        metainfo: ``classes`` and, for instances and panoptic maps, ``thing_classes`` and ``stuff_classes``;
            ``palette`` is used for more than `SAFE_CLASSES` classes.

    Raises:
        ValueError: If there are no classes.
    """
    kinds = class_kinds(metainfo)
    palette = [(int(r), int(g), int(b)) for r, g, b in metainfo.get('palette') or ()]
    colours = tuple(palette) if len(palette) == len(kinds.names) > SAFE_CLASSES else ()
    return Classes(kinds.names, colours, frozenset(range(kinds.num_things or 0)))


def semantic_map(logits: Tensor, size: tuple[int, int], threshold: float | None = None) -> np.ndarray:
    """Label each pixel of a picture, as mmseg does: logits are resized before the greatest is taken.

    mmseg resizes all classes at once, which for 150 of them and a picture of 4000 x 3000 pixels takes 7 GB.

    Args:
        logits: (classes, h, w); with one class it is told from the rest by a sigmoid.
        size: (H, W) of the picture.
        threshold: Of that sigmoid.

    Returns:
        int16 (H, W).
    """
    found = greatest_at(logits.float(), size)
    labels = found.owners if threshold is None else found.values.sigmoid() > threshold
    return labels.to(torch.int16).cpu().numpy()


def segments_result(sample: Any, classes: Classes, task: str, score_thr: float) -> dict[str, Any]:
    """Read the prediction of a detector.

    Args:
        sample: mmdet's data sample with ``pred_instances`` (``masks``, or ``groups`` of ``pred_instance_map``; or
            boxes alone), ``pred_panoptic_seg``, ``pred_sem_seg``, whichever the model gives.
        classes: What the model tells apart.
        task: ``'panoptic'``, ``'instance'`` or ``'semantic'``.
        score_thr: Least score of an instance.

    Returns:
        Fields of a `Result`.

    Raises:
        ValueError: If the model does not predict what the task needs.
    """
    if task == 'semantic':
        return dict(labels=_field(sample, 'pred_sem_seg', task).astype(np.int16, copy=False))
    fields: dict[str, Any] = {}
    if 'pred_sem_seg' in sample:
        del sample.pred_sem_seg  # of a large picture each map counts
    if 'pred_instances' in sample:
        fields['instances'] = _instances(sample, classes, score_thr)
    if task == 'panoptic':
        numbers = _field(sample, 'pred_panoptic_seg', task)
        del sample.pred_panoptic_seg
        fields.update(_panoptic(numbers, classes))
    elif 'instances' not in fields:
        raise ValueError('the model predicts no instances; choose another task or model')
    return fields


def _field(sample: Any, name: str, task: str) -> np.ndarray:
    """A map (H, W) of a sample."""
    if name not in sample:
        raise ValueError(f'the model predicts no {name}, which the {task} task needs; choose another task or model')
    part: PixelData = sample.get(name)
    return part.get('sem_seg', part.get('data'))[0].cpu().numpy()


def _panoptic(numbers: np.ndarray, classes: Classes) -> dict[str, Any]:
    """Segments of mmdet's panoptic map: label of stuff, label + 1000 (rank + 1) of things."""
    present = np.unique(np.concatenate([np.unique(row) for row in numbers]))  # row by row: a copy of all is large
    labels = present % INSTANCE_OFFSET
    known = labels < len(classes.names)
    table = np.zeros(int(present[-1]) + 1, np.int32)
    table[present[known]] = np.arange(1, known.sum() + 1)
    return panoptic_result(look_up(table, numbers), classes, labels[known].tolist())


def _instances(sample: Any, classes: Classes, score_thr: float) -> tuple[Instance, ...]:
    found: InstanceData = sample.pred_instances
    found = found[found.scores >= score_thr]
    found = found[found.scores.argsort(descending=True, stable=True)]
    labels, scores = found.labels.cpu().tolist(), found.scores.cpu().tolist()
    if 'groups' in found:
        owners = sample.pred_instance_map.data[0].cpu().numpy()
        return instances_of_map(owners, found.groups.cpu().tolist(), labels, scores, classes)
    boxes = found.bboxes.cpu().tolist() if 'bboxes' in found else [None] * len(found)
    return tuple(
        _instance(classes, label, score, box, *mask)
        for label, score, box, mask in zip(labels, scores, boxes, _masks(found))
        if mask[0] is None or mask[0].area
    )


def _instance(
    classes: Classes, label: int, score: float, box: Sequence[float] | None, mask: RunLengths | None, place: Any
) -> Instance:
    """One instance; its box is that of its mask where there is one."""
    if place is not None:
        found = tuple(float(side) for side in place.box)
        return Instance(label, classes.name(label), score, found, mask, place.area, place.centre)  # type: ignore[arg-type]
    left, top, right, bottom = box or (0.0, 0.0, 0.0, 0.0)
    centre = ((left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5)
    area = round((right - left) * (bottom - top))
    return Instance(label, classes.name(label), score, (left, top, right, bottom), mask, area, centre)


def _masks(found: InstanceData) -> list[tuple[RunLengths | None, Extent | None]]:
    """Run lengths of each instance, and where it lies; one mask is unpacked at a time."""
    if 'masks' not in found:
        return [(None, None)] * len(found)
    masks: list[tuple[RunLengths | None, Extent | None]] = []
    for mask in found.masks:
        values = (mask > 0).cpu().numpy() if isinstance(mask, torch.Tensor) else np.asarray(mask, bool)
        masks.append((encode(values), extents(values.astype(np.int64), 1)[0]))
    return masks


def result_of(fields: Mapping[str, Any], classes: Classes, size: tuple[int, int], name: str) -> Result:
    """Make a `Result` of its fields."""
    return Result(classes=classes, size=size, name=name, **fields)
