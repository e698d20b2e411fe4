"""Maps of cells: maps coarser than the network's input, each of whose places stands for a square of pixels.

A map of stride s has ceil(H / s) x ceil(W / s) cells of s x s pixels, the last of which may reach over the image.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional as F


def cell_side(shape: Sequence[int], size: Sequence[int]) -> int:
    """Side in pixels of the cells of a map.

    Args:
        shape: (h, w) of the map.
        size: (H, W) of the input.

    Returns:
        The power of two s for which h = ceil(H / s) and w = ceil(W / s); 0 if there is none.
    """
    side = 1
    while side * shape[0] < size[0] or side * shape[1] < size[1]:
        side *= 2
    return side if tuple(shape) == cells_of(size, side) else 0


def cells_of(size: Sequence[int], side: int) -> tuple[int, int]:
    """Shape (h, w) of the map of cells of a side that covers (H, W) pixels."""
    return -(-size[0] // side), -(-size[1] // side)


def on_cells(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Make sure that a map has cells: one that has none, such as of stride 3, is resized to the input's size.

    Args:
        x: (B, C, h, w).
        size: (H, W) of the input.

    Returns:
        The same, or (B, C, H, W).
    """
    return x if cell_side(x.shape[2:], size) else F.interpolate(x, size, mode='bilinear', align_corners=False)


def enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring a map of cells to a finer one bilinearly; what reaches over the image is cut off.

    Args:
        x: (B, C, h, w).
        size: (H, W) of the pixels, or of finer cells.

    Returns:
        (B, C, H, W).
    """
    side = cell_side(x.shape[2:], size)
    if side == 1:
        return x
    if not side:
        return F.interpolate(x, size, mode='bilinear', align_corners=False)
    fine = F.interpolate(x, scale_factor=float(side), mode='bilinear', align_corners=False)
    return fine[:, :, : size[0], : size[1]]
