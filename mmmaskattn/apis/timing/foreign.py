"""ONNX files of other projects: the network alone, for timing; what they need after it is not here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from mmmaskattn_runtime.model_file import KEY, ModelFileError
from mmmaskattn_runtime.onnx_metadata import NotOnnxError, read_metadata

NOTE = 'without its own NMS and masks: a lower bound'
MIDDLE, SPREAD = 127.5, 57.5
"""Of the levels of a picture; which ones does not matter for time."""


def is_foreign(path: str | Path) -> bool:
    """Whether a file is ONNX, but none that ``mmmaskattn export`` has written."""
    try:
        return KEY not in read_metadata(path)
    except (NotOnnxError, OSError, ValueError):
        return False  # whoever loads it says what is wrong


class ForeignNetwork:
    """A network that takes one picture, float32 (1, 3, H, W).

    Args:
        path: The file.
        threads: Of the processor.
        open_session: Loads it, for another runtime than ONNX Runtime.

    Raises:
        ModelFileError: If onnxruntime refuses it, or it takes something else.
    """

    def __init__(
        self, path: str | Path, threads: int = 1, open_session: Callable[[str, int], Any] | None = None
    ) -> None:
        own = _session(str(path), threads)
        inputs = [(one.name, one.type, one.shape) for one in own.get_inputs()]
        if len(inputs) != 1 or not _is_picture(*inputs[0][1:]):
            found = ', '.join(f'{name} {kind} {shape}' for name, kind, shape in inputs)[:200]
            raise ModelFileError(
                f'{path}: takes {found}; expected one tensor(float) [1, 3, height, width], of fixed size'
            )
        self.name, _, shape = inputs[0]
        self.size = shape[2], shape[3]
        self.session = open_session(str(path), threads) if open_session else own

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """Make its input.

        Args:
            picture: RGB, uint8, (H, W, 3).

        Returns:
            float32 (1, 3, h, w).
        """
        small = Image.fromarray(picture).resize(self.size[::-1], Image.Resampling.BILINEAR)
        levels = (np.asarray(small, np.float32) - MIDDLE) / SPREAD
        return np.ascontiguousarray(levels.transpose(2, 0, 1)[None])

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Run it on what `prepare` gives; its outputs as they are."""
        return self.session.run(None, {self.name: images})


def _is_picture(kind: str, shape: list[Any]) -> bool:
    return (
        kind == 'tensor(float)' and len(shape) == 4 and shape[:2] == [1, 3] and all(isinstance(n, int) for n in shape)
    )


def _session(path: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # onnxruntime has a dozen kinds, without a base of their own
        raise ModelFileError(f'{path}: onnxruntime refuses it: {" ".join(str(error).split())[:150]}') from None
