"""Truth and prediction of one data sample as numpy arrays, with errors that say what a sample lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

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
