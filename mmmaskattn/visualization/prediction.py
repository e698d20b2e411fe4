"""Predictions in the form of a truth, which is what is drawn, and their scores written beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.text import font
from mmmaskattn.visualization.truth import UNLABELLED, Truth, read_truth

PANOPTIC_OFFSET = 1000
"""A thing in mmdet's panoptic maps has the number class label + k * 1000 with k from 1; stuff has its label alone."""

_BACK, _FRONT = (0, 0, 0), (255, 255, 255)
_SIZE = 11
_PAD = 2


class ScoredInstances(NamedTuple):
    """Predicted instances.

    Attributes:
        truth: The instances in the form of a truth, best first; where masks overlap, small ones lie over large ones.
        scores: float (instances,), falling.
        total: Number of predictions before those of low scores were left out.
    """

    truth: Truth
    scores: np.ndarray
    total: int


def predicted_instances(sample: Any, score_thr: float) -> ScoredInstances | None:
    """Read ``pred_instances``.

    Args:
        sample: mmdet's data sample; ``pred_instances`` has ``labels``, ``scores`` and ``masks`` (n, h, w), ``bboxes``
            or both, and may be empty.
        score_thr: Instances are kept whose score is above it.

    Returns:
        The instances, or None if the model predicts none at all.
    """
    found = sample.get('pred_instances')
    if found is None:
        return None
    found = found.cpu()
    kept = found[found.scores > score_thr]
    kept = kept[(-kept.scores).argsort(stable=True)]
    # The worst first: of two equal masks, one group under two classes, the better then lies on top.
    truth = _read(kept[torch.arange(len(kept)).flip(0)], sample.metainfo.get('ori_shape'))
    return None if truth is None else ScoredInstances(_reversed(truth), kept.scores.numpy(), len(found))


def _read(instances: Any, shape: tuple[int, int] | None) -> Truth | None:
    """Instances in the form of a truth; None without masks and boxes."""
    return read_truth(
        dict(
            gt_masks=instances.get('masks'),
            gt_bboxes=_boxes(instances),
            gt_bboxes_labels=instances.labels,
            img_shape=shape,
        )
    )


def _reversed(truth: Truth) -> Truth:
    """The same with the instances numbered the other way round."""
    ids = np.where(truth.ids > 0, len(truth.instance_labels) + 1 - truth.ids, 0)
    return Truth(truth.labels, ids, truth.instance_labels[::-1], truth.boxes[::-1], truth.box_labels[::-1])


def _boxes(instances: Any) -> Any:
    """The boxes given, or those of the masks for models that give none (mmdet's SOLO gives zeros)."""
    boxes, masks = instances.get('bboxes'), instances.get('masks')
    if masks is None or (boxes is not None and boxes.any()):
        return boxes
    found = np.asarray(masks, bool)
    sides = [np.asarray(found.any(axis=axis)) for axis in (1, 2)]
    starts = [side.argmax(axis=1) for side in sides]
    ends = [side.shape[1] - side[:, ::-1].argmax(axis=1) for side in sides]
    return np.stack([*starts, *ends], axis=1).astype(np.float32)


def predicted_panoptic(sample: Any, table: ClassTable) -> Truth | None:
    """Read ``pred_panoptic_seg``.

    Args:
        sample: mmdet's data sample; ``pred_panoptic_seg.sem_seg`` has shape (1, h, w): class label for stuff, label +
            k * 1000 for things, and for no segment a label beyond the classes.
        table: The classes.

    Returns:
        The map, with `UNLABELLED` for no segment; None if the model predicts none.
    """
    found = sample.get('pred_panoptic_seg')
    if found is None:
        return None
    numbers = np.asarray(found.sem_seg[0].cpu())
    values, index = np.unique(numbers, return_inverse=True)
    labels = values % PANOPTIC_OFFSET
    known = labels < len(table.names)
    things = np.asarray(known & (values >= PANOPTIC_OFFSET))
    labels = np.where(known, labels, UNLABELLED).astype(np.int32)
    ids = np.where(things, np.cumsum(things), 0).astype(np.int32)
    index = index.reshape(numbers.shape)
    return Truth(labels[index], ids[index], tuple(labels[things].tolist()))


def predicted_labels(sample: Any, table: ClassTable) -> Truth:
    """Read ``pred_sem_seg`` of mmseg's data sample.

    Args:
        sample: The sample; ``pred_sem_seg.data`` has shape (1, h, w), and is float where mmseg predicts by a sigmoid.
        table: The classes.

    Returns:
        The map, with `UNLABELLED` for labels beyond the classes.
    """
    labels = np.asarray(sample.pred_sem_seg.data[0].cpu()).astype(np.int32)
    known = (labels >= 0) & (labels < len(table.names))
    return Truth(np.where(known, labels, UNLABELLED).astype(np.int32), np.zeros(labels.shape, np.int32))


def write_scores(picture: np.ndarray, instances: ScoredInstances, table: ClassTable) -> np.ndarray:
    """Write class and score above the upper left corner of each instance, the best first.

    A text that would lie over another is left out, so that crowded pictures stay legible. With a single class of
    things only the score is written.

    Args:
        picture: RGB, uint8, (H, W, 3).
        instances: What was predicted, of any size.
        table: Names of the classes.

    Returns:
        RGB, uint8, (H, W, 3).
    """
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    truth = instances.truth
    single = len(table.things or table.names) == 1
    scale = np.array([canvas.width / truth.shape[1], canvas.height / truth.shape[0]])
    taken: list[tuple[int, int, int, int]] = []
    for index, score in enumerate(instances.scores):
        name = '' if single else f'{table.name(truth.box_labels[index])} '
        text = f'{name}{score:.2f}'
        box = _place(text, truth.boxes[index][:2] * scale, canvas.size)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            draw.rectangle(box, _BACK)
            draw.text((box[0] + _PAD, box[1] + 1), text, _FRONT, font(_SIZE))
    return np.asarray(canvas)


def _place(text: str, corner: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The text's rectangle (both ends included) over a corner (x, y), moved into the picture."""
    width, height = int(font(_SIZE).getlength(text)) + 2 * _PAD, _SIZE + 4
    left = max(0, min(round(corner[0]), size[0] - width))
    top = max(0, min(round(corner[1]) - height, size[1] - height))
    return left, top, left + width - 1, top + height - 1


def _overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return all(first[i] <= second[i + 2] and second[i] <= first[i + 2] for i in (0, 1))
