"""Text in pictures: a font that is always there, the colours of paper and ink, texts that fit their room."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
from PIL import ImageFont

from mmmaskattn_runtime.drawing import shorten

PAPER, INK, FAINT = (255, 255, 255), (30, 30, 30), (110, 110, 110)


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib (needed by mmengine) brings along.

    Args:
        size: Height in pixels.
        bold: Bold face.
    """
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), 'fonts', 'ttf', name)), size)


def wrap(text: str, width: float, face: ImageFont.FreeTypeFont) -> list[str]:
    """Break a text at spaces into lines of at most ``width`` pixels.

    Returns:
        The lines; a word wider than the room is shortened.
    """
    lines: list[str] = []
    for word in text.split():
        joined = f'{lines[-1]} {word}' if lines else word
        if lines and face.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(shorten(word, width, face))
    return lines
