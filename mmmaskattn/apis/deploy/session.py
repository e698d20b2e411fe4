"""An exported file, loaded by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from mmmaskattn.apis.deploy.graph import INPUTS
from mmmaskattn.apis.deploy.metadata import KEY, read_metadata


class Session:
    """An exported file, ready to be run on the CPU.

    Args:
        path: The file.
        threads: Threads within an operator.

    Raises:
        ValueError: If it is none that `export_model` has written.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        try:
            model = onnx.load(str(path))
        except Exception as error:  # protobuf has its own, for whatever bytes there are
            if isinstance(error, OSError):
                raise
            raise ValueError(f'{path}: is no ONNX file; expected one that {KEY} export has written') from None
        try:
            self.metadata: dict[str, Any] = read_metadata(model)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
        self.outputs = [one.name for one in self.session.get_outputs()]

    def run(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """Run it on one picture.

        Args:
            picture: RGB, uint8, (H, W, 3).
            size: (H, W) of the maps; the picture's own by default.

        Returns:
            The outputs by name.
        """
        return dict(zip(self.outputs, self.session.run(None, dict(zip(INPUTS, self.feed(picture, size))))))

    def feed(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Make the two inputs of a picture, see `run`."""
        batch = picture[None] if self.metadata['layout'] == 'nhwc' else picture.transpose(2, 0, 1)[None]
        return np.ascontiguousarray(batch), np.array(size or picture.shape[:2], np.int64)
