"""The greatest values in an order that does not depend on the device."""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 2.0**40
MOST_VALUES = 2**22


def ordered_top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` greatest values, by (value descending, index ascending).

    torch.topk leaves the order of ties open, and a stable sort has no ONNX counterpart. So value and index make one
    integer key; values that differ by less than 2^-40 count as ties.

    Args:
        values: float (B, M) from 0 to 1, M at most 2^22.
        count: number of values; fewer are given if M is smaller.

    Returns:
        The values (B, count), and their indices, int64 (B, count).

    Raises:
        ValueError: M is too large.
    """
    number = values.shape[1]
    if number > MOST_VALUES:
        raise ValueError(f'{number} values to order; at most {MOST_VALUES} are possible: use a smaller map')
    places = torch.arange(number - 1, -1, -1, device=values.device)
    levels = (values.double().clamp(0, 1) * LEVELS).long()
    keys = (levels * number + places).topk(min(count, number), dim=1).values
    index = number - 1 - keys % number
    return values.gather(1, index), index
