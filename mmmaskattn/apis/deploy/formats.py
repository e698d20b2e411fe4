"""The formats of exported files, by the ending of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mmmaskattn.apis.deploy import archive, ncnn_network
from mmmaskattn_runtime import ModelInfo, load

ONNX = '.onnx'
SUFFIXES = (ONNX, archive.SUFFIX, ncnn_network.SUFFIX)


class Opened(Protocol):
    """An exported file of any format, ready to be run.

    Attributes:
        info: What it says of itself.
    """

    info: ModelInfo

    def outputs(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """Run it on one picture, see `mmmaskattn_runtime.ExportedModel.outputs`."""


def suffix_of(path: str | Path) -> str | None:
    """The ending of a name, if it is one of `SUFFIXES`."""
    return next((suffix for suffix in SUFFIXES if Path(path).name.endswith(suffix)), None)


def open_file(path: str | Path, threads: int = 1) -> Opened:
    """Load an exported file.

    Args:
        path: The file.
        threads: Of the processor; an archive takes those of torch.

    Raises:
        ModelFileError: If it is none that ``mmmaskattn export`` has written.
        ModuleNotFoundError: If its runtime is not installed.
    """
    suffix = suffix_of(path)
    if suffix == archive.SUFFIX:
        return archive.Archive(path)
    if suffix == ncnn_network.SUFFIX:
        return ncnn_network.NcnnNetwork(path, threads)
    return load(path, threads=threads)


def files_of(path: Path) -> dict[str, Path]:
    """The files of an export.

    Args:
        path: The file that was asked for.

    Returns:
        Paths by what they are: ``file``; ``beside``, the json for people; ``weights``, where they have a file.
    """
    suffix = suffix_of(path)
    beside = path.with_name(f'{path.name}.json') if suffix == archive.SUFFIX else path.with_suffix('.json')
    found: dict[str, Any] = dict(file=path, beside=beside)
    if suffix == ncnn_network.SUFFIX:
        found['weights'] = ncnn_network.files_of(path)[1]
    return found
