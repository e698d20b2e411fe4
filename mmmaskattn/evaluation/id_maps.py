"""The parts of a sample as id maps, for metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL
from mmmaskattn.evaluation.classes import ClassKinds

TRUTH_HINT = (
    'Put LoadPanoptic or LoadInstances, MakeInstances and the packing step into the pipeline of the validation and '
    'test data set.'
)


def as_array(values: Any) -> np.ndarray:
    """Turn a tensor of any device, mmdet's masks or an array into an array.

    Args:
        values: Any of these.

    Returns:
        The array, on the CPU.
    """
    if hasattr(values, 'to_ndarray'):  # mmdet's bitmap and polygon masks
        return values.to_ndarray()
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def name_of(sample: Mapping[str, Any]) -> str:
    """Say which image a sample is of, for messages.

    Args:
        sample: The data sample as a dictionary.

    Returns:
        Its path, else its id.
    """
    return str(sample.get('img_path') or f'image {sample.get("img_id")}')


def part_of(sample: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Look up a field of a sample.

    Args:
        sample: The data sample as a dictionary, as mmengine's `Evaluator` gives it.
        name: ``gt_...`` or ``pred_...``.

    Returns:
        The field.

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
            (mmseg), of shape (1, H, W) or (H, W).

    Returns:
        int64 (H, W).

    Raises:
        ValueError: If there is no such field.
    """
    part = part_of(sample, name)
    values = as_array(part['sem_seg'] if 'sem_seg' in part else part['data'])
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


class SegmentMap(NamedTuple):
    """An image cut into segments.

    Attributes:
        numbers: int64 (H, W): 0 = no segment, k = segment k.
        labels: int64 (n + 1,): class index of each number; -1 for 0.
        crowd: bool (n + 1,): whether it is a crowd.
    """

    numbers: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray


def true_segments(sample: Mapping[str, Any], kinds: ClassKinds) -> SegmentMap:
    """Read the truth of a data sample.

    Args:
        sample: The data sample as a dictionary: ``gt_sem_seg``, ``gt_instances`` and, if there are crowds,
            ``ignored_instances``.
        kinds: The classes.

    Returns:
        Crowds, instances, and one segment for each class of stuff. Pixels with label 255 and no crowd, and pixels of a
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
    numbers = table[semantic]
    labels, crowd = [-1, *stuff.tolist()], [False] * (len(stuff) + 1)
    for name, is_crowd in (('ignored_instances', True), ('gt_instances', False)):
        for mask, label in zip(*instances_of(sample, name, semantic.shape)):
            numbers[mask] = len(labels)
            labels.append(int(label))
            crowd.append(is_crowd)
    _check_labels(np.array(labels[len(stuff) + 1 :], np.int64), len(kinds.names), 'gt_instances', sample)
    return SegmentMap(numbers, np.array(labels, np.int64), np.array(crowd, bool))


def instances_of(
    sample: Mapping[str, Any], name: str, size: tuple[int, ...] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read masks and labels of a data sample.

    Args:
        sample: The data sample as a dictionary.
        name: ``gt_instances``, ``pred_instances``, or ``ignored_instances``, which may be missing.
        size: (H, W) that the masks must have, if known.

    Returns:
        Masks of at least one pixel, bool (n, H, W), and their labels, int64 (n,).

    Raises:
        ValueError: If the field or its masks are missing, or of another size.
    """
    if name == 'ignored_instances' and not sample.get(name):
        return np.zeros((0, 1, 1), bool), np.zeros(0, np.int64)
    part = part_of(sample, name)
    if 'masks' not in part:
        raise ValueError(
            f'{name_of(sample)}: its {name} have no masks, only {sorted(part)}. Expected masks and labels.'
        )
    masks, labels = as_array(part['masks']).astype(bool), as_array(part['labels']).astype(np.int64)
    if size is not None and len(masks):
        check_same_size(sample, masks.shape[1:], size)
    kept = masks.reshape(len(masks), -1).any(axis=1) if len(masks) else np.zeros(0, bool)
    return masks[kept], labels[kept]


def predicted_segments(ids: np.ndarray, num_classes: int, sample: Mapping[str, Any]) -> SegmentMap:
    """Number the segments of a predicted panoptic map.

    Args:
        ids: int64 (H, W): label + `INSTANCE_OFFSET` (1000) times the number of the instance; label ``num_classes`` = no
            segment.
        num_classes: Number of classes.
        sample: The data sample, for messages.

    Returns:
        The segments.

    Raises:
        ValueError: If a label is outside 0 to ``num_classes``.
    """
    present = np.flatnonzero(np.bincount(ids.ravel()))
    labels = present % INSTANCE_OFFSET
    _check_labels(labels, num_classes + 1, 'pred_panoptic_seg', sample)
    real = labels != num_classes
    table = np.zeros(int(present.max(initial=0)) + 1, np.int64)
    table[present[real]] = np.arange(1, real.sum() + 1)
    labels = np.concatenate([[-1], labels[real]])
    return SegmentMap(table[ids], labels, np.zeros(len(labels), bool))


def _check_labels(labels: np.ndarray, count: int, name: str, sample: Mapping[str, Any]) -> None:
    wrong = sorted(set(labels[(labels < 0) | (labels >= count)].tolist()))
    if wrong:
        raise ValueError(
            f'{name_of(sample)}: {name} has labels {wrong[:10]}, expected 0 to {count - 1}. Do the classes of model '
            f'and data set agree, things first?'
        )
