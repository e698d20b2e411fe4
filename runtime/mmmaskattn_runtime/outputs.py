"""What goes into an exported network and comes out of it, held against what it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmmaskattn_runtime.model_file import ModelFileError, ModelInfo

INPUTS = {'pictures': ('tensor(uint8)', 4), 'output_size': ('tensor(int64)', 1)}
"""Kind and number of axes."""
SCORE = 'score'
"""An input that panoptic files have beside these, and that may be left out: float32 ()."""
OUTPUTS = {
    'semantic': ('labels',),
    'instance': ('owners', 'classes', 'scores', 'class_scores'),
    'panoptic': ('owners', 'classes', 'scores', 'class_scores', 'labels'),
}
MAPS = ('labels', 'owners')
ATTENTION = 'attention'
"""Output, of files whose metadata name its maps."""


def check_ends(file: str, info: ModelInfo, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Refuse a network whose inputs and outputs are not those of its task.

    Args:
        file: The file.
        info: What it says of itself.
        inputs: onnxruntime's descriptions: ``name``, ``type``, ``shape``.
        outputs: The same.

    Raises:
        ModelFileError: If one is missing or of another kind.
    """
    found = {one.name: (one.type, len(one.shape)) for one in inputs}
    if found != INPUTS:
        raise ModelFileError(f'{file}: its inputs are {_ends(found)}; expected {_ends(INPUTS)}; export it again')
    (shape,) = (one.shape for one in inputs if one.name == 'pictures')
    axes = shape[1:3] if info.layout == 'nhwc' else shape[2:]
    if any(isinstance(side, int) for side in axes):
        raise ModelFileError(f'{file}: takes pictures of {axes} pixels alone; expected any size; export it again')
    expected = (*OUTPUTS[info.task], *([ATTENTION] if info.attention else []))
    missing = [name for name in expected if name not in {one.name for one in outputs}]
    if missing:
        raise ModelFileError(f'{file}: a {info.task} model without the output {missing[0]!r}; export it again')


def _ends(inputs: Mapping[str, tuple[str, int]]) -> str:
    return (
        ', '.join(f'{name[:40]!r} {kind} of {axes} axes' for name, (kind, axes) in list(inputs.items())[:4]) or 'none'
    )


def checked_outputs(
    file: str, info: ModelInfo, values: Mapping[str, Any], size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Take the axis of the one picture off the outputs, and refuse what cannot be.

    Args:
        file: The file.
        info: What it says of itself.
        values: The outputs of `OUTPUTS` by name.
        size: (h, w) that the maps must have.

    Returns:
        Arrays by name.

    Raises:
        ModelFileError: If one has another shape, kind or range than it must, or two do not agree.
    """
    found: dict[str, np.ndarray] = {}
    for name in OUTPUTS[info.task]:
        array, axes = np.asarray(values[name]), 1 if name in ('classes', 'scores') else 2
        found[name] = array[0] if array.ndim == axes + 1 and array.shape[0] == 1 else array
        _check(file, info, name, found[name], size)
    if 'owners' in found:
        numbers = [len(found[name]) for name in ('classes', 'scores', 'class_scores')]
        highest = int(found['owners'].max())
        if len(set(numbers)) > 1 or highest >= numbers[0]:
            what = f'{numbers} classes, scores and class_scores, greatest owner {highest}'
            raise ModelFileError(f'{file}: its outputs do not agree: {what}; export it again')
    return found


def checked_attention(file: str, info: ModelInfo, value: Any) -> np.ndarray:
    """Take the axis of the one picture off what the attention keeps, and refuse what cannot be.

    Args:
        file: The file.
        info: What it says of itself.
        value: The output.

    Returns:
        float (M, h, w), 0 to 1.

    Raises:
        ModelFileError: If it is not one map for each name.
    """
    found = np.asarray(value)
    maps = found[0] if found.ndim == 4 and len(found) == 1 else found
    if maps.ndim != 3 or maps.dtype.kind != 'f' or len(maps) != len(info.attention) or not maps.size:
        what = f'{found.dtype} {found.shape}, expected floats (1, {len(info.attention)}, height, width)'
    elif not (maps.min() >= 0 and maps.max() <= 1):
        what = f'{maps.min()} to {maps.max()}, expected 0 to 1'
    else:
        return maps
    raise ModelFileError(f'{file}: output {ATTENTION!r}: found {what}; export it again')


def _check(file: str, info: ModelInfo, name: str, value: np.ndarray, size: tuple[int, int]) -> None:
    """Shape, kind and range of an output."""
    shape, kind, low, high = size, 'iu', -1, 2**31 - 1
    if name not in MAPS:
        shape, low, high = value.shape[:1], 0, len(info.classes.names) - 1
    if name.endswith('scores'):
        kind, high = 'f', 1
    if name == 'class_scores':
        shape = (*value.shape[:1], len(info.classes.things))
    is_right = value.shape == shape and value.dtype.kind in kind
    if is_right and (not value.size or (value.min() >= low and value.max() <= high)):
        return
    if is_right:
        found, expected = f'{value.min()} to {value.max()}', f'{low} to {high}'
    else:
        what = 'floats' if kind == 'f' else 'whole numbers'
        wanted = shape if name in MAPS else f'(objects{"".join(f", {side}" for side in shape[1:])})'
        found, expected = f'{value.dtype} {value.shape}', f'{what} {wanted}'
    raise ModelFileError(f'{file}: output {name!r}: found {found}, expected {expected}; export it again')
