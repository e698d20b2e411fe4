"""ONNX files in OpenVINO, 180 MB, the extra ``openvino``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mmmaskattn.apis.deploy.graph import OUTPUTS
from mmmaskattn_runtime import ExportedModel
from mmmaskattn_runtime.outputs import ATTENTION

FLOAT32 = {'INFERENCE_PRECISION_HINT': 'f32'}
"""Settings for what the file says; left alone OpenVINO computes in bfloat16 where a processor can."""


def has_openvino() -> bool:
    """Whether it is installed."""
    return find_spec('openvino') is not None


class OpenVINOSession:
    """An ONNX file, with the method of a session of onnxruntime that takes pictures.

    Args:
        path: The file.
        threads: Of the processor; 0 for as many as there are cores.
        settings: Of OpenVINO.
        outputs: Names of the outputs, in the file's order.

    Raises:
        ModuleNotFoundError: If OpenVINO is not installed.
        RuntimeError: If it refuses the file.
    """

    def __init__(
        self,
        path: str | Path,
        threads: int = 1,
        settings: Mapping[str, str] = FLOAT32,
        outputs: Sequence[str] = (),
    ) -> None:
        if not has_openvino():
            raise ModuleNotFoundError("OpenVINO: not installed: pip install 'mmmaskattn[openvino]'")
        import openvino

        core, most = openvino.Core(), {'INFERENCE_NUM_THREADS': threads}
        self.compiled = core.compile_model(core.read_model(str(path)), 'CPU', {**most, **settings})
        self.names = list(outputs)

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Run it.

        Args:
            names: Outputs to give; all of them, in the file's order, by default.
            feeds: Inputs by name.
        """
        given = self.compiled(dict(feeds))
        # By place, since OpenVINO may name a single one anew.
        places = range(len(self.compiled.outputs)) if names is None else [self.names.index(name) for name in names]
        return [given[place] for place in places]


class OpenVINOModel(ExportedModel):
    """An exported file, run by OpenVINO.

    Args:
        file: The file.
        settings: Of OpenVINO.
        **options: Those of `mmmaskattn_runtime.ExportedModel`.

    Raises:
        ModelFileError: If the file is no exported model.
        ModuleNotFoundError: If OpenVINO is not installed.
        RuntimeError: If it refuses the file.
    """

    def __init__(self, file: str | Path, settings: Mapping[str, str] = FLOAT32, **options: Any) -> None:
        self.settings = settings
        super().__init__(file, **options)

    def open_session(self, threads: int) -> OpenVINOSession:
        """Load the network, see `mmmaskattn_runtime.ExportedModel.open_session`."""
        self._given = {}  # OpenVINO takes an input that may be left out as a constant
        return OpenVINOSession(self.file, threads, self.settings, (*OUTPUTS[self.task], ATTENTION))
