"""The parts of a sample as id maps, for metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL, IdMap
from mmmaskattn.evaluation.classes import ClassKinds

TRUE_INSTANCES = ('gt_instances', 'ignored_instances')
TRUTH_HINT = (
    'Put LoadPanoptic or LoadInstances, MakeInstances and PackSegments into the pipeline of the validation and '
    'test data set.'
)


def as_array(values: Any) -> np.ndarray:
    """Turn a tensor of any device, mmdet's masks or an array into an array on the CPU."""
    if hasattr(values, 'to_ndarray'):  # mmdet's bitmap and polygon masks
        return values.to_ndarray()
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def name_of(sample: Mapping[str, Any]) -> str:
    """Say which image a sample is of, for messages.

    Returns:
        Its path, else its id.
    """
    return str(sample.get('img_path') or f'image {sample.get("img_id")}')


def part_of(sample: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Look up a field of a sample.

    Args:
        sample: The data sample as a dictionary, as mmengine's `Evaluator` gives it.
        name: ``gt_...`` or ``pred_...``.

    Raises:
        ValueError: If there is none; the message says what to do.
    """
    part = sample.get(name)
    if part is None:
        hint = TRUTH_HINT if name.startswith('gt_') else 'Take this metric out of the evaluators, or use another model.'
        raise ValueError(f'{name_of(sample)}: its data sample has no {name}. {hint}')
    return part


def label_map(sample: Mapping[str, Any], name: str) -> np.ndarray:
    """Read a map of labels or ids.

    Args:
        sample: The data sample as a dictionary.
        name: ``gt_sem_seg``, ``pred_sem_seg`` or ``pred_panoptic_seg``: a field with ``sem_seg`` (mmdet) or ``data``
            (mmseg), of shape (1, H, W) or (H, W); ``gt_instance_map``, a field with ``ids``.

    Returns:
        int64 (H, W).

    Raises:
        ValueError: If there is no such field.
    """
    part = part_of(sample, name)
    values = as_array(next(part[key] for key in ('sem_seg', 'data', 'ids') if key in part))
    return values.reshape(values.shape[-2:]).astype(np.int64)


def check_same_size(sample: Mapping[str, Any], predicted: tuple[int, ...], truth: tuple[int, ...]) -> None:
    """Check that prediction and truth have the same size.

    Args:
        sample: The data sample, for the message.
        predicted: (H, W) of the prediction.
        truth: (H, W) of the truth.

    Raises:
        ValueError: If they differ.
    """
    if tuple(predicted) != tuple(truth):
        raise ValueError(
            f'{name_of(sample)}: the prediction is {tuple(predicted)} (height, width), but the truth {tuple(truth)}. '
            f'Expected the same: set one protocol for pipelines and metrics, with set_protocol or tools/test.py '
            f'--protocol.'
        )


def true_segments(sample: Mapping[str, Any], kinds: ClassKinds) -> IdMap:
    """Read the truth of a data sample.

    Args:
        sample: The data sample as a dictionary: ``gt_sem_seg``, and what `true_instances` reads.
        kinds: The classes.

    Returns:
        One segment for each class of stuff, instances, and crowds. Pixels with label 255 and no crowd, and pixels of a
        thing class without an instance, are 0.

    Raises:
        ValueError: If a field is missing, masks and label map differ in size, or a label is outside the classes.
    """
    semantic = label_map(sample, 'gt_sem_seg')
    present = np.flatnonzero(np.bincount(semantic.ravel()))
    _check_labels(present[present != IGNORE_LABEL], len(kinds.names), 'gt_sem_seg', sample)
    stuff = present[(present >= (kinds.num_things or 0)) & (present < len(kinds.names))]
    table = np.zeros(IGNORE_LABEL + 1, np.int64)
    table[stuff] = np.arange(1, len(stuff) + 1)
    instances = true_instances(sample, semantic.shape)
    _check_labels(instances.labels[1:], len(kinds.names), 'gt_instances', sample)
    ids = np.where(instances.ids > 0, instances.ids + len(stuff), table[semantic])
    before = np.zeros(len(stuff) + 1, bool)
    return IdMap(
        ids,
        labels=np.concatenate([[IGNORE_LABEL], stuff, instances.labels[1:]]),
        things=np.concatenate([before, instances.things[1:]]),
        crowds=np.concatenate([before, instances.crowds[1:]]),
    )


def true_instances(sample: Mapping[str, Any], size: tuple[int, ...]) -> IdMap:
    """Read the instances and crowds of a data sample.

    Args:
        sample: The data sample as a dictionary: ``gt_instances`` and ``ignored_instances`` (crowds, may be missing)
            with ``labels``, and ``gt_instance_map`` (ours) or ``masks`` of both (mmdet's). Where masks overlap, the
            later hides the earlier, and an instance a crowd.
        size: (H, W) of the truth.

    Returns:
        The instances, then the crowds, as segments; what is neither is 0.

    Raises:
        ValueError: If a field is missing or of another size.
    """
    if 'gt_instance_map' in sample:
        ids = label_map(sample, 'gt_instance_map')
        check_same_size(sample, ids.shape, size)
        rows = [_labels_of(sample, name) for name in TRUE_INSTANCES]
    else:
        masks, rows = zip(*(instances_of(sample, name, size) for name in TRUE_INSTANCES))
        ids = np.zeros(size, np.int64)
        for first, part in ((len(rows[0]), masks[1]), (0, masks[0])):
            for number, mask in enumerate(part, start=first + 1):
                ids[mask] = number
    labels = np.concatenate([[IGNORE_LABEL], *rows])
    numbers = np.arange(len(labels))
    return IdMap(ids, labels, things=numbers > 0, crowds=numbers > len(rows[0]))


def instances_of(
    sample: Mapping[str, Any], name: str, size: tuple[int, ...] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read masks and labels of a data sample.

    Args:
        sample: The data sample as a dictionary.
        name: ``gt_instances``, ``pred_instances``, or ``ignored_instances``, which may be missing. Masks of the truth
            are cut out of ``gt_instance_map``, if there is one.
        size: (H, W) that the masks must have, if known.

    Returns:
        Masks of at least one pixel, bool (n, H, W), and their labels, int64 (n,).

    Raises:
        ValueError: If the field or its masks are missing, or of another size.
    """
    if name == 'ignored_instances' and not sample.get(name):
        return np.zeros((0, 1, 1), bool), np.zeros(0, np.int64)
    if 'gt_instance_map' in sample and name in TRUE_INSTANCES:
        return _cut_out(sample, name, size)
    part = part_of(sample, name)
    if 'masks' not in part:
        raise ValueError(
            f'{name_of(sample)}: its {name} have no masks, only {sorted(part)}. Expected masks and labels.'
        )
    masks, labels = as_array(part['masks']).astype(bool), _labels_of(sample, name)
    if size is not None and len(masks):
        check_same_size(sample, masks.shape[1:], size)
    kept = masks.reshape(len(masks), -1).any(axis=1) if len(masks) else np.zeros(0, bool)
    return masks[kept], labels[kept]


def _cut_out(sample: Mapping[str, Any], name: str, size: tuple[int, ...] | None) -> tuple[np.ndarray, np.ndarray]:
    """Masks and labels of true instances or crowds, from the map of instances."""
    ids, labels = label_map(sample, 'gt_instance_map'), _labels_of(sample, name)
    if size is not None:
        check_same_size(sample, ids.shape, size)
    first = 1 if name == 'gt_instances' else 1 + len(_labels_of(sample, 'gt_instances'))
    return ids == np.arange(first, first + len(labels))[:, None, None], labels


def _labels_of(sample: Mapping[str, Any], name: str) -> np.ndarray:
    """int64 (n,), labels of instances."""
    return as_array(part_of(sample, name)['labels']).astype(np.int64)


def predicted_segments(ids: np.ndarray, num_classes: int, sample: Mapping[str, Any]) -> IdMap:
    """Number the segments of a predicted panoptic map.

    Args:
        ids: int64 (H, W): label + `INSTANCE_OFFSET` (1000) times the number of the instance; label ``num_classes`` = no
            segment.
        num_classes: Number of classes.
        sample: The data sample, for messages.

    Raises:
        ValueError: If a label is outside 0 to ``num_classes``.
    """
    present = np.flatnonzero(np.bincount(ids.ravel()))
    labels = present % INSTANCE_OFFSET
    _check_labels(labels, num_classes + 1, 'pred_panoptic_seg', sample)
    real = labels != num_classes
    table = np.zeros(int(present.max(initial=0)) + 1, np.int64)
    table[present[real]] = np.arange(1, real.sum() + 1)
    labels = np.concatenate([[IGNORE_LABEL], labels[real]])
    things = np.concatenate([[False], present[real] >= INSTANCE_OFFSET])
    return IdMap(table[ids], labels, things, crowds=np.zeros(len(labels), bool))


def _check_labels(labels: np.ndarray, count: int, name: str, sample: Mapping[str, Any]) -> None:
    wrong = sorted(set(labels[(labels < 0) | (labels >= count)].tolist()))
    if wrong:
        raise ValueError(
            f'{name_of(sample)}: {name} has labels {wrong[:10]}, expected 0 to {count - 1}. Do the classes of model '
            f'and data set agree, things first?'
        )
