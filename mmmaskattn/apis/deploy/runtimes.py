"""An exported file in every runtime that can run it: do they say the same, and how long do they take?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from mmmaskattn.apis.deploy import archive, ncnn_network
from mmmaskattn.apis.deploy.formats import ONNX, open_file
from mmmaskattn.apis.deploy.openvino_model import FLOAT32, OpenVINOModel
from mmmaskattn_runtime import ExportedModel, load

Maps = dict[str, np.ndarray]
Call = Callable[[np.ndarray, tuple[int, int]], Maps]
OPENVINO: dict[str, dict[str, str]] = {'OpenVINO, float32': FLOAT32, 'OpenVINO, as it is': {}}
"""Settings of OpenVINO by the name of the row."""
BESIDE = {'torch.export': archive.SUFFIX, 'ncnn': ncnn_network.SUFFIX}
"""Runtimes that take files of their own, and how these end."""


class Row(NamedTuple):
    """What one runtime gave.

    Attributes:
        runtime: Its name.
        labels: Percent of the pixels whose label, and whose object, is that of ONNX Runtime.
        objects: Number of pictures in which it finds another number of objects.
        milliseconds: Of processor time for a picture, from its pixels to maps at the network's size; the median.
        reason: Why there are no figures; empty where there are.
    """

    runtime: str
    labels: float = 0.0
    objects: int = 0
    milliseconds: float = 0.0
    reason: str = ''


def compare_runtimes(path: str | Path, pictures: Sequence[np.ndarray], rounds: int = 5) -> list[Row]:
    """Run a file in every runtime that is installed, on one thread; and those of other formats that lie beside it.

    Args:
        path: The file, ``NAME.onnx``; ``NAME.pt2`` and ``NAME.ncnn.param`` of the same model are looked for beside it.
        pictures: RGB, uint8, (H, W, 3).
        rounds: How often each picture is timed.

    Returns:
        A row for each runtime, ONNX Runtime first.
    """
    torch.set_num_threads(1)
    model = load(path, threads=1)
    expected = [model.outputs(picture) for picture in pictures]
    calls: dict[str, Callable[[], Call]] = {'ONNX Runtime': lambda: model.outputs}
    for name, settings in OPENVINO.items():
        calls[name] = lambda settings=settings: OpenVINOModel(path, settings, threads=1).outputs  # type: ignore[misc]
    for name, suffix in BESIDE.items():
        calls[name] = lambda suffix=suffix: _beside(Path(path), model, suffix)  # type: ignore[misc]
    opened = {name: _opened(make) for name, make in calls.items()}
    ready = {name: call for name, call in opened.items() if not isinstance(call, str)}
    times = _times(ready, pictures, model.size, rounds)
    return [
        Row(name, *_equality(ready[name], pictures, expected), 1e3 * median(times[name]))
        if name in ready
        else Row(name, reason=str(call))
        for name, call in opened.items()
    ]


def _opened(make: Callable[[], Call]) -> Call | str:
    """What runs the file, or why nothing does."""
    try:
        return make()
    except (ModuleNotFoundError, FileNotFoundError, ValueError, RuntimeError) as error:
        return str(error).splitlines()[0][:120]


def _equality(call: Call, pictures: Sequence[np.ndarray], expected: Sequence[Maps]) -> tuple[float, int]:
    """Percent of equal pixels, and pictures with another number of objects."""
    equal, objects = [], 0
    for picture, wanted in zip(pictures, expected):
        found = call(picture, (picture.shape[0], picture.shape[1]))
        equal += [(found[key] == wanted[key]).mean() for key in ('labels', 'owners') if key in wanted]
        objects += 'owners' in wanted and len(np.unique(found['owners'])) != len(np.unique(wanted['owners']))
    return 100 * float(np.mean(equal)), objects


def _times(
    calls: dict[str, Call], pictures: Sequence[np.ndarray], size: tuple[int, int], rounds: int
) -> dict[str, list[float]]:
    """Seconds of processor time, in turn; each timed call follows one of the same runtime that is not."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for picture in pictures:
        for _ in range(rounds):
            for name, call in calls.items():
                call(picture, size)
                start = time.process_time()
                call(picture, size)
                times[name].append(time.process_time() - start)
    return times


def _beside(path: Path, model: ExportedModel, suffix: str) -> Call:
    """The file of the same model in another format.

    Raises:
        FileNotFoundError: If there is none.
        ModuleNotFoundError: If its runtime is not installed.
        ValueError: If the task has none, or it is of another model.
    """
    if suffix == ncnn_network.SUFFIX and model.task != 'semantic':
        raise ValueError('has no operators to group pixels to objects')
    if model.info.precision != 'float32':
        raise ValueError('is exported in float32 alone')
    other = path.with_name(path.name.removesuffix(ONNX) + suffix)
    if not other.is_file():
        raise FileNotFoundError(
            f'there is no {other.name} beside it: mmmaskattn export {model.info.name} --out {other}'
        )
    opened = open_file(other)
    if (opened.info.source, opened.info.task) != (model.info.source, model.info.task):
        raise ValueError(f'{other.name} is of another model')
    return opened.outputs
