"""Calls that give a config, or a part of one, another network input size or scale jitter.

A config file builds its pipelines from lists, and mmengine's inheritance replaces lists whole, so a leaf that wants
64x64 would have to repeat every pipeline. Instead it calls `with_input_size` on what it inherits::

    _base_ = './ade20k_semantic_128.py'
    from mmmaskattn.datasets.input_size import with_input_size

    image_size = (64, 48)  # (H, W)
    train_dataloader = with_input_size(_base_.train_dataloader, image_size)
    val_dataloader = with_input_size(_base_.val_dataloader, image_size)
    test_dataloader = val_dataloader
    tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)

The line ``_base_`` must come before the import, or mmengine takes the file for its other config style.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from mmmaskattn.datasets.transforms.low_res_resize import Size, check_size

SIZED_TRANSFORMS = ('LoadLowResImage', 'LowResResize', 'LowResScaleJitter')
JITTERED_TRANSFORMS = ('LoadLowResImage', 'LowResScaleJitter')


def sized_transforms(part: Any) -> Iterator[dict]:
    """Walk a config and yield the transforms that carry the network's input size.

    Args:
        part: A dataloader, data set or pipeline: nested dictionaries, lists and tuples.

    Yields:
        The dictionaries themselves.
    """
    yield from parts_of_type(part, SIZED_TRANSFORMS)


def parts_of_type(part: Any, types: tuple[str, ...]) -> Iterator[dict]:
    """Walk a config and yield what has one of some types.

    Args:
        part: Nested dictionaries, lists and tuples.
        types: Names without scope.

    Yields:
        The dictionaries themselves.
    """
    if isinstance(part, dict):
        if str(part.get('type')).rpartition('.')[2] in types:
            yield part
        for value in part.values():
            yield from parts_of_type(value, types)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from parts_of_type(value, types)


def with_input_size(part: Any, size: Size) -> Any:
    """Copy a part of a config with another network input size.

    Args:
        part: See `sized_transforms`.
        size: One integer or (H, W) in pixels, at least 16.

    Returns:
        A deep copy in which every low-resolution transform has the new size.

    Raises:
        ValueError: If the size is not valid, or the part holds no low-resolution transform.
    """
    size = check_size(size, 'image_size')
    part = copy.deepcopy(part)
    found = list(sized_transforms(part))
    if not found:
        raise ValueError(f'with_input_size: none of {SIZED_TRANSFORMS} found. Pass a dataloader, data set or pipeline.')
    for transform in found:
        transform['size'] = size
    return part


def with_jitter(part: Any, ratio_range: tuple[float, float]) -> Any:
    """Copy a part of a config with another range of the scale jitter.

    Args:
        part: A dataloader, data set or pipeline.
        ratio_range: Least and greatest factor of the image's size; factors under 1 pad.

    Returns:
        A deep copy in which whatever jitters has the new range, and decodes images as large as it asks for.

    Raises:
        ValueError: If nothing in it jitters.
    """
    part = copy.deepcopy(part)
    found = list(parts_of_type(part, JITTERED_TRANSFORMS))
    if not found:
        raise ValueError(f'with_jitter: none of {JITTERED_TRANSFORMS} found. Pass a training dataloader or pipeline.')
    for transform in found:
        transform['ratio_range'] = ratio_range
    return part
