"""The smallest input that our backbones take."""

from __future__ import annotations

from torch import Tensor

MIN_SIZE = 16


def check_input_size(x: Tensor, model: str) -> None:
    """Refuse an input that is too small.

    Args:
        x: float (B, C, H, W).
        model: name of the model, for the error.

    Raises:
        ValueError: H or W is under 16.
    """
    height, width = x.shape[2:]
    if height < MIN_SIZE or width < MIN_SIZE:
        raise ValueError(
            f'the input of {model} is {height}x{width} pixels (height x width); it must be at least '
            f'{MIN_SIZE}x{MIN_SIZE}: use a larger size in the LowResResize of the pipeline'
        )
