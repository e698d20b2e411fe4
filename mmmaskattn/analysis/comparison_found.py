"""How much a prediction found: what post-processing costs depends on it, and random weights find what they find."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.model import BaseModel

from mmmaskattn.analysis.latency import inference_call
from mmmaskattn.analysis.model_inputs import device_of, random_images


def instances_found(model: BaseModel, shape: tuple[int, int]) -> int | None:
    """Number of instances that a model predicts for the random image on which it is counted and timed.

    Args:
        model: A segmentor of mmseg or a detector of mmdet; put into evaluation mode.
        shape: Input (H, W).

    Returns:
        Instances of the first prediction: the scored ones, or those of the panoptic map where there are no scored
        ones; None for a model that predicts neither.
    """
    predictions = inference_call(model, random_images(shape, device=device_of(model)), 'predict')()
    return _found(predictions[0])


def _found(sample: Any) -> int | None:
    if 'pred_instances' in sample:
        return len(sample.pred_instances)
    if 'pred_panoptic_seg' in sample:
        ids = torch.as_tensor(sample.pred_panoptic_seg.sem_seg).unique()
        return int((ids >= INSTANCE_OFFSET).sum())
    return None
