"""Truth drawn over an image: stuff in flat colours, each thing in a colour of its own with an outline."""

from __future__ import annotations

import cv2
import numpy as np

from mmmaskattn.datasets.transforms.resampling import resize_labels
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.truth import IGNORED, UNLABELLED, Truth

_OUTLINE = (255, 255, 255)
BOX = (255, 220, 0)
"""Colour of boxes over masks; alone, boxes have their instances' colours."""
_STRIPE = 8


def draw_truth(
    image: np.ndarray,
    truth: Truth,
    table: ClassTable,
    alpha: float = 0.6,
    boxes: bool = False,
    stuff_shade: float = 1.0,
) -> np.ndarray:
    """Lay the truth over an image.

    Stuff and semantic labels are flat. Things are outlined in white and differ from one another. Ignored pixels are
    striped; pixels about which the truth says nothing show the image.

    Args:
        image: RGB, uint8, (H, W, 3), at the size at which it is shown.
        truth: Truth of any size; it is brought to the image's at exact pixel centres.
        table: Names and colours of the classes.
        alpha: Share of the colours in the mixture.
        boxes: Draw boxes too. They are always drawn where there are boxes but no masks.
        stuff_shade: Brightness of the colours outside things, 0 to 1.

    Returns:
        RGB, uint8, (H, W, 3).
    """
    size = (image.shape[0], image.shape[1])
    labels, ids = resize_labels(truth.labels, size), resize_labels(truth.ids, size)
    colours = (stuff_shade * table.colours(labels)).round().astype(np.uint8)
    own = table.instance_colours(truth.instance_labels)
    if len(own):
        colours[ids > 0] = own[ids[ids > 0] - 1]
    ignored = labels == IGNORED
    colours[ignored] = stripes(size)[ignored]
    mixed = cv2.addWeighted(colours, alpha, image, 1 - alpha, 0)
    mixed[labels == UNLABELLED] = image[labels == UNLABELLED]
    mixed[outlines(ids)] = _OUTLINE
    if boxes or not len(own):
        _draw_boxes(mixed, truth, table)
    return mixed


def outlines(ids: np.ndarray) -> np.ndarray:
    """Pixels of instances that touch another instance, none, or the picture's border.

    Args:
        ids: int (H, W), 0 outside all instances.

    Returns:
        bool (H, W), lines one pixel wide.
    """
    around = np.pad(ids, 1)
    inner = around[1:-1, 1:-1]
    neighbours = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    # Between two touching instances one line is enough: the smaller id leaves it to the larger.
    return (inner > 0) & np.logical_or.reduce([inner > other for other in neighbours])


def stripes(size: tuple[int, int]) -> np.ndarray:
    """Diagonal stripes, the sign of ignored pixels.

    Args:
        size: (H, W).

    Returns:
        RGB, uint8, (H, W, 3).
    """
    rows, columns = np.mgrid[: size[0], : size[1]]
    light = (rows + columns) // (_STRIPE // 2) % 2 == 0
    return np.repeat(np.where(light, 150, 40).astype(np.uint8)[..., None], 3, axis=2)


def _draw_boxes(picture: np.ndarray, truth: Truth, table: ClassTable) -> None:
    """Draw the boxes into the picture, in place."""
    own = table.instance_colours(truth.box_labels)
    colours = np.full_like(own, BOX) if truth.instance_labels else own
    scale = np.array([picture.shape[1] / truth.shape[1], picture.shape[0] / truth.shape[0]] * 2)
    for box, colour in zip(truth.boxes, colours):
        left, top, right, bottom = (round(value) for value in box * scale)
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour.tolist(), 2)
