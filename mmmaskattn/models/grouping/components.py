"""Grouping by connected components: the floor that any way of finding instances must beat."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import Groups
from mmmaskattn.models.grouping.hard_groups import groups_of_map
from mmmaskattn.models.grouping.options import GroupingOptions


def group_by_components(semantic_probs: Tensor, num_things: int, options: GroupingOptions) -> Groups:
    """Make an instance of each connected part of each thing class of the argmax map; not exportable, runs on the CPU.

    The seed score is the mean probability of the class over the part. Of the options ``max_instances``, ``min_area``
    and ``connectivity`` count. Affinity is 0 inside and -1e4 outside of a part.

    Args:
        semantic_probs: float (B, C, H, W), things first.
        num_things: T.
        options: how to group.

    Returns:
        The groups.

    Raises:
        ValueError: There are fewer than T classes.
    """
    if semantic_probs.dim() != 4 or semantic_probs.shape[1] < num_things:
        raise ValueError(
            f'semantic_probs has shape {tuple(semantic_probs.shape)}; expected (B, C, H, W) with C of at least '
            f'num_things={num_things}'
        )
    best, labels = semantic_probs.detach().float().max(1)
    found = [
        _components_of_image(label.cpu().numpy(), probability.cpu().numpy(), num_things, options)
        for label, probability in zip(labels, best)
    ]
    slots = max(1, *(len(scores) for _, scores in found))
    assignment = torch.from_numpy(np.stack([assignment for assignment, _ in found]))
    scores = torch.zeros(len(found), slots)
    for row, (_, of_image) in zip(scores, found):
        row[: len(of_image)] = torch.from_numpy(of_image)
    return groups_of_map(assignment.to(labels.device), slots, scores.to(labels.device))


def _components_of_image(
    labels: np.ndarray, probability: np.ndarray, num_things: int, options: GroupingOptions
) -> tuple[np.ndarray, np.ndarray]:
    """int64 (H, W) map of slots, -1 = none, and the float32 (K,) mean probability of each, falling."""
    parts = _number_parts(labels, num_things, options.connectivity)
    numbers, first, areas = np.unique(parts, return_index=True, return_counts=True)
    sums = np.bincount(parts.ravel(), probability.ravel(), minlength=int(numbers[-1]) + 1)[numbers]
    means = (sums / areas).astype(np.float32)
    kept = np.flatnonzero((numbers > 0) & (areas >= options.min_area))
    order = kept[np.lexsort((first[kept], -means[kept]))][: options.max_instances]
    slots = np.full(int(numbers[-1]) + 1, -1, np.int64)
    slots[numbers[order]] = np.arange(len(order))
    return slots[parts], means[order]


def _number_parts(labels: np.ndarray, num_things: int, connectivity: int) -> np.ndarray:
    """int64 (H, W): 0 = no thing, else a number for each connected part of a class."""
    parts = np.zeros(labels.shape, np.int64)
    total = 0
    for label in np.unique(labels[labels < num_things]):
        count, numbered = cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=connectivity)
        parts[numbered > 0] = numbered[numbered > 0] + total
        total += count - 1
    return parts
