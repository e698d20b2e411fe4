"""Frames of videos and cameras, drawn with what was found and the frames per second."""

from __future__ import annotations

import time
from collections import deque

import numpy as np
from PIL import Image, ImageDraw

from mmmaskattn_runtime.drawing import colour_in, font, shown_size
from mmmaskattn_runtime.result import Result

RECENT = 30
"""Frames over which the frames per second are taken."""


class FrameRate:
    """Counts frames per second over the last `RECENT` frames."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=RECENT)

    def count(self) -> float:
        """Count a frame.

        Returns:
            Frames per second; 0 after the first.
        """
        self._times.append(time.perf_counter())
        return (len(self._times) - 1) / (self._times[-1] - self._times[0]) if len(self._times) > 1 else 0.0


def draw_frame(picture: np.ndarray, result: Result, rate: float) -> np.ndarray:
    """Draw a result over its frame, with one line of text.

    Args:
        picture: RGB, uint8, (H, W, 3).
        result: What was found.
        rate: Frames per second to be written; 0 for none.

    Returns:
        RGB, uint8, enlarged to be legible, sides even as mp4 wants them.
    """
    height, width = (side + side % 2 for side in shown_size(result.size))
    base = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST))
    canvas = Image.fromarray(colour_in(base, result))
    pen = ImageDraw.Draw(canvas)
    counts = ', '.join(f'{number} {name}' for name, number in result.counts().items())
    text = '   '.join(filter(None, [f'{rate:.1f} frames/s' if rate else '', counts]))
    if text:
        pen.rectangle((0, 0, pen.textlength(text, font(16)) + 12, 24), (0, 0, 0))
        pen.text((6, 3), text, (255, 255, 255), font(16))
    return np.asarray(canvas)
