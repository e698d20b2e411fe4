"""Maps of whole numbers, one a pixel: counted and looked up strip by strip where a picture is large.

torch wants indices of 8 bytes a pixel, which for a map of 4000 x 3000 pixels are 96 MB, and for a strip of it 2 MB.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mmmaskattn.models.grouping.groups import static_shapes

LARGE = 2**18
"""Pixels of a picture from which on it is taken strip by strip."""


def strips(numbers: Tensor) -> Sequence[Tensor]:
    """Cut a map into strips of rows; a small one, and one in a graph that is recorded, stays whole.

    Args:
        numbers: (h, w).

    Returns:
        Views of it.
    """
    if static_shapes() or numbers.numel() <= LARGE:
        return [numbers]
    return numbers.split(max(1, LARGE // numbers.shape[1]))


def narrow_type(count: int) -> torch.dtype:
    """The smallest type of torch that holds numbers from -1 to ``count`` - 1, and all of them plus one."""
    return torch.int16 if count < torch.iinfo(torch.int16).max else torch.int64


def look_up(table: Tensor, numbers: Tensor) -> Tensor:
    """Replace each number by what a table has for it.

    Args:
        table: (N,).
        numbers: int (h, w), 0 to N - 1.

    Returns:
        (h, w), of the table's type.
    """
    parts = strips(numbers)
    if len(parts) == 1:
        return table[numbers.long()]
    found = table.new_empty(numbers.shape)
    for part, some in zip(strips(found), parts):
        part.copy_(table[some.long()])
    return found


def pixels_of(numbers: Tensor, count: int) -> Tensor:
    """Count how many pixels have each number; whole numbers add up to the same in any order.

    Args:
        numbers: int (h, w), 0 to ``count`` - 1.
        count: How many numbers there are.

    Returns:
        int64 (count,).
    """
    total = torch.zeros(count, dtype=torch.long, device=numbers.device)
    for part in strips(numbers):
        flat = part.flatten().long()
        total = total.scatter_add_(0, flat, flat.new_ones(1).expand_as(flat))  # ones that take no memory of their own
    return total
