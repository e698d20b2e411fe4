"""Class and score of each predicted instance, written onto a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.prediction import ScoredInstances
from mmmaskattn.visualization.text import font

_BACK, _INK = (0, 0, 0), (255, 255, 255)
_SIZE = 11
_PAD = 2


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
            draw.text((box[0] + _PAD, box[1] + 1), text, _INK, font(_SIZE))
    return np.asarray(canvas)


def _place(text: str, corner: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The text's rectangle (both ends included) over a corner (x, y), moved into the picture."""
    width, height = int(font(_SIZE).getlength(text)) + 2 * _PAD, _SIZE + 4
    left = max(0, min(round(corner[0]), size[0] - width))
    top = max(0, min(round(corner[1]) - height, size[1] - height))
    return left, top, left + width - 1, top + height - 1


def _overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return all(first[i] <= second[i + 2] and second[i] <= first[i + 2] for i in (0, 1))
