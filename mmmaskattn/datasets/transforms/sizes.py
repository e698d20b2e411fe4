"""Sizes in this package: always (H, W), never below 16 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

MIN_SIZE = 16
Size = Union[int, Sequence[int]]


def check_size(size: Size, option: str = 'size') -> tuple[int, int]:
    """Turn a size option into (H, W).

    Args:
        size: One integer for a square, or (H, W), in pixels.
        option: Name of the option, for the error message.

    Returns:
        (H, W), both at least 16.

    Raises:
        ValueError: If it is not one or two integers, or one is below 16 (the network halves its input four times).
    """
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(side, int) for side in pair):
        raise ValueError(
            f'{option}={size!r}: expected an integer or (height, width) in pixels, for example (128, 128).'
        )
    if min(pair) < MIN_SIZE:
        raise ValueError(
            f'{option}={size!r}: expected at least {MIN_SIZE} pixels in height and width, because the network '
            f'halves its input four times. Choose a larger size.'
        )
    return pair[0], pair[1]


def scale_size(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Scale (H, W) by ``ratio``, rounded to whole pixels and at least 1.

    Args:
        size: (H, W) in pixels.
        ratio: Factor for both axes.

    Returns:
        The scaled (H, W).
    """
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))
