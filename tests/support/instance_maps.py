"""Maps of instances for the tests of losses: random ones, and the cases at the edge."""

from __future__ import annotations

import numpy as np
import torch


def random_map(seed: int, size: tuple[int, int] = (24, 20), count: int = 6, ignore: bool = True) -> torch.Tensor:
    """Rectangles over background, numbered 1 to G without a gap, with a corner of ignore: int64 (H, W)."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros(size, np.int64)
    for k in range(1, count + 1):
        top, left = rng.integers(0, size[0]), rng.integers(0, size[1])
        drawn[top : top + rng.integers(1, 10), left : left + rng.integers(1, 10)] = k
    drawn = np.unique(drawn, return_inverse=True)[1].reshape(size)
    if ignore:
        drawn[-4:, -6:] = -1
        present = np.unique(drawn[drawn > 0])
        drawn = np.where(drawn > 0, np.searchsorted(present, drawn) + 1, drawn)
    return torch.from_numpy(drawn)


def filled(value: int, size: tuple[int, int] = (8, 6)) -> torch.Tensor:
    return torch.full(size, value)


def touching_map() -> torch.Tensor:
    """Two instances side by side from border to border, nothing between or around them."""
    drawn = filled(1)
    drawn[:, 3:] = 2
    return drawn


def one_pixel_map() -> torch.Tensor:
    """Three instances of one pixel each."""
    drawn = filled(0)
    drawn[1, 1], drawn[1, 2], drawn[7, 5] = 1, 2, 3
    return drawn
