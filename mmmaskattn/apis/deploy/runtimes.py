"""An exported file in other runtimes than ONNX Runtime: do they say the same, and how long do they take?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from mmmaskattn.apis.deploy.graph import INPUTS, OUTPUTS
from mmmaskattn.apis.deploy.session import Session

Maps = dict[str, np.ndarray]
Call = Callable[[np.ndarray, tuple[int, int]], Maps]
OPENVINO = {'OpenVINO, float32': {'INFERENCE_PRECISION_HINT': 'f32'}, 'OpenVINO, as it is': {}}
"""Settings of OpenVINO by the name of the row; left alone it computes in bfloat16 where a processor can."""


class Row(NamedTuple):
    """What one runtime gave.

    Attributes:
        runtime: Its name.
        labels: Percent of the pixels whose label, and whose object, is that of ONNX Runtime.
        objects: Number of pictures in which it finds another number of objects.
        milliseconds: Of processor time for a picture, maps at the network's size; the median.
        reason: Why there are no figures; empty where there are.
    """

    runtime: str
    labels: float = 0.0
    objects: int = 0
    milliseconds: float = 0.0
    reason: str = ''


def compare_runtimes(path: str | Path, pictures: Sequence[np.ndarray], rounds: int = 5) -> list[Row]:
    """Run a file in every runtime that is installed, on one thread.

    Args:
        path: The file.
        pictures: RGB, uint8, (H, W, 3).
        rounds: How often each picture is timed.

    Returns:
        A row for each runtime, ONNX Runtime first.
    """
    session = Session(path)
    expected = [session.run(picture) for picture in pictures]
    size = (session.metadata['size'][0], session.metadata['size'][1])
    calls: dict[str, Callable[[], Call]] = {'ONNX Runtime': lambda: session.run}
    for name, settings in OPENVINO.items():
        calls[name] = lambda settings=settings: _openvino(path, session, settings)  # type: ignore[misc]
    return [_row(name, make, pictures, expected, size, rounds) for name, make in calls.items()]


def _row(
    name: str,
    make: Callable[[], Call],
    pictures: Sequence[np.ndarray],
    expected: Sequence[Maps],
    size: tuple[int, int],
    rounds: int,
) -> Row:
    try:
        call = make()
    except (ModuleNotFoundError, RuntimeError) as error:
        return Row(name, reason=str(error).splitlines()[0][:100])
    equal, objects, times = [], 0, []
    for picture, wanted in zip(pictures, expected):
        found = call(picture, (picture.shape[0], picture.shape[1]))
        equal += [(found[key] == wanted[key]).mean() for key in ('labels', 'owners') if key in wanted]
        objects += 'owners' in wanted and len(np.unique(found['owners'])) != len(np.unique(wanted['owners']))
        for _ in range(rounds):
            start = time.process_time()
            call(picture, size)
            times.append(time.process_time() - start)
    return Row(name, 100 * float(np.mean(equal)), objects, 1e3 * median(times))


def _openvino(path: str | Path, session: Session, settings: dict[str, str]) -> Call:
    """The file in OpenVINO.

    Raises:
        ModuleNotFoundError: If it is not installed.
        RuntimeError: If it refuses the file.
    """
    if find_spec('openvino') is None:
        raise ModuleNotFoundError('not installed: pip install openvino')
    import openvino  # 180 MB, an extra of its own

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(path)), 'CPU', {'INFERENCE_NUM_THREADS': 1, **settings})
    names = OUTPUTS[session.metadata['task']]

    def call(picture: np.ndarray, size: tuple[int, int]) -> Maps:
        """Run it on one picture; outputs are taken by place, since OpenVINO may name a single one anew."""
        given = compiled(dict(zip(INPUTS, session.feed(picture, size))))
        return {name: given[place] for place, name in enumerate(names)}

    return call
