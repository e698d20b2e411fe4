"""The first part of an exported graph: a picture of any size, as a camera gives it, becomes the network's input."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Layout = Literal['nhwc', 'nchw']
COEFFICIENT = 2048.0
"""Parts of 1 in which cv2 counts when it enlarges a picture of bytes."""


class PictureInput(nn.Module):
    """Bring pictures to the network's size and normalise them.

    The same values as :func:`mmmaskattn.datasets.transforms.low_res_resize.resize_image`: by area along an axis that
    shrinks, then bilinearly along one that grows, rounded to whole numbers. Area means are two products with matrices
    that say how much of each row, and of each column, lies in each row or column of the result.

    Args:
        size: (H, W) of the network's input.
        mean: Of each channel, in the network's order.
        std: Of each channel.
        flipped: Whether the network takes BGR.
        layout: ``'nhwc'`` or ``'nchw'``, the axes of the pictures.
    """

    def __init__(
        self, size: tuple[int, int], mean: Tensor, std: Tensor, flipped: bool = False, layout: Layout = 'nhwc'
    ) -> None:
        super().__init__()
        self.size, self.flipped, self.layout = size, flipped, layout
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer('mean', mean.detach().float().reshape(1, 3, 1, 1))
        self.register_buffer('std', std.detach().float().reshape(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """Make the network's input.

        Args:
            pictures: uint8 RGB, (N, H, W, 3) or (N, 3, H, W).

        Returns:
            float (N, 3, h, w).
        """
        small = self._resized(pictures)
        if self.flipped:
            small = small.flip(1)
        return (small - self.mean) / self.std

    def _resized(self, pictures: Tensor) -> Tensor:
        """(N, 3, h, w), whole numbers."""
        rows, columns = (1, 2) if self.layout == 'nhwc' else (2, 3)
        lengths = pictures.shape[rows], pictures.shape[columns]
        shrunk, halved = self._shrunk(pictures.float(), lengths)
        # cv2 halves by whole numbers, so a tie goes up; otherwise to the even number, as torch and ONNX have it.
        shrunk = torch.where(halved, (shrunk + 0.5).floor(), shrunk.round())
        left, right, share = _between(lengths[1], self.size[1])
        # A product with a matrix is quicker than picking columns, and as exact: whole numbers under 2^24.
        places = torch.arange(self.size[1])[:, None]
        across = torch.where(places == left, COEFFICIENT - share, 0.0) + torch.where(places == right, share, 0.0)
        # As cv2 rounds: 4 bits less, times the weight, 16 bits less, each downwards; then 2 bits less, to the nearest.
        lines = (torch.matmul(shrunk, across) / 16).floor()
        low, high, share = _between(lengths[0], self.size[0])
        upper = (lines.index_select(2, low) * (COEFFICIENT - share)[:, None] / 65536).floor()
        lower = (lines.index_select(2, high) * share[:, None] / 65536).floor()
        return ((upper + lower + 2) / 4).floor()

    def _shrunk(self, pictures: Tensor, lengths: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Area means (N, 3, h, w) along axes that shrink, the others padded; and whether both sides are halved.

        With whole factors cv2 sums first and multiplies by the inverse of the area then; otherwise it weighs.
        """
        (down, sides_down), (across, sides_across) = map(_overlaps, lengths, self.size)
        whole = (sides_down.floor() == sides_down) & (sides_across.floor() == sides_across)
        down, across = (
            torch.where(whole, shared / side, shared / (side * sides))
            for shared, side, sides in zip((down, across), self.size, (sides_down, sides_across))
        )
        if self.layout == 'nhwc':
            lines = torch.matmul(down, pictures.flatten(2)).unflatten(2, (lengths[1], 3)).permute(0, 3, 1, 2)
        else:
            lines = torch.matmul(down, pictures)
        sums = torch.matmul(lines, across.t())
        means = sums * torch.where(whole, 1 / (sides_down * sides_across), 1.0)
        return means, (sides_down == 2) & (sides_across == 2)


def _overlaps(long: int, short: int) -> tuple[Tensor, Tensor]:
    """How much of each of ``long`` places lies in each of ``short`` cells, and how many lie in one.

    The first is (short, long), counted in parts of which a place has ``short``: whole numbers, exact up to 2^24. Where
    there are fewer places than cells, each has a cell of its own, and the last cells stay empty.
    """
    places = torch.arange(long, dtype=torch.float32) * short
    cells = torch.arange(short, dtype=torch.float32)[:, None]
    size = torch.full((), long, dtype=torch.float32).clamp(min=short)
    shared = torch.minimum((cells + 1) * size, places + short) - torch.maximum(cells * size, places)
    return shared.clamp(min=0), size / short


def _between(coarse: int, fine: int) -> tuple[Tensor, Tensor, Tensor]:
    """Between which places of an axis those of the result lie, and the share of the second in 2048; as cv2 has it.

    An axis that shrinks is of the right length already: then each place is itself.
    """
    total = torch.full((), coarse, dtype=torch.float32).clamp(max=fine)
    middle = ((torch.arange(fine, dtype=torch.float32) + 0.5) * (total / fine) - 0.5).clamp(min=0)
    low = torch.minimum(middle.floor(), total - 1)
    share = ((middle - low) * COEFFICIENT).round()
    share = torch.where(low >= total - 1, 0.0, share)
    return low.long(), torch.minimum(low + 1, total - 1).long(), share
