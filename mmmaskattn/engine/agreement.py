"""What the processes of one training must know of each other, so that all of them stop or go on together."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size


def largest(value: int) -> int:
    """Take the largest value of all processes; each must call this at the same point.

    Args:
        value: This process's value.

    Returns:
        The same value everywhere; this process's own if it is alone.
    """
    if get_world_size() == 1:
        return value
    shared = torch.tensor(value)
    all_reduce(shared, op='max')
    return int(shared)


def any_rank(flag: bool) -> bool:
    """Say whether a flag is set on any process; each must call this at the same point.

    Args:
        flag: This process's flag.

    Returns:
        The same answer everywhere.
    """
    return bool(largest(int(flag)))
