"""Masks as run lengths in COCO's format, which pycocotools reads; numpy is all that this needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_LOW, _MORE, _FIRST = 0x1F, 0x20, 48


class RunLengths(NamedTuple):
    """A mask, as the lengths of its runs of zeros and ones in turn, column after column, zeros first.

    Attributes:
        size: (H, W).
        counts: int64, the lengths; their sum is H * W.
    """

    size: tuple[int, int]
    counts: np.ndarray

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int(self.counts[1::2].sum())

    def to_mask(self) -> np.ndarray:
        """Unpack.

        Returns:
            bool (H, W).
        """
        height, width = self.size
        ones = np.arange(len(self.counts)) % 2 == 1
        return np.repeat(ones, self.counts).reshape(width, height).T

    def to_coco(self) -> dict[str, object]:
        """Write as COCO's json has it: ``size`` [H, W], and ``counts`` as a string."""
        return dict(size=[int(side) for side in self.size], counts=_to_text(self.counts))

    @classmethod
    def from_coco(cls, code: dict) -> RunLengths:
        """Read what `to_coco` or pycocotools has written, or a list of counts.

        Args:
            code: ``size`` and ``counts``.

        Raises:
            ValueError: If the counts do not fill the size.
        """
        height, width = code['size']
        given = code['counts']
        given = given.decode() if isinstance(given, bytes) else given
        counts = _from_text(given) if isinstance(given, str) else np.asarray(given, np.int64)
        if (counts < 0).any() or counts.sum() != height * width:
            raise ValueError(
                f'run lengths of {int(counts.sum())} pixels; expected the {height} x {width} of their size'
            )
        return cls((int(height), int(width)), counts)


def encode(part: np.ndarray, size: tuple[int, int] | None = None, corner: tuple[int, int] = (0, 0)) -> RunLengths:
    """Encode a mask, or a part of one outside which it is empty: the time is that of the part.

    Args:
        part: bool (h, w).
        size: (H, W) of the whole; that of the part by default.
        corner: (row, column) of the part's upper left pixel.

    Returns:
        The run lengths of the whole.
    """
    height, width = size or (part.shape[0], part.shape[1])
    framed = np.zeros((part.shape[1], part.shape[0] + 2), np.int8)
    framed[:, 1:-1] = part.T
    changes = np.flatnonzero(np.diff(framed, axis=1))  # where a run begins, where it ends, and so on
    if not len(changes):
        return RunLengths((height, width), np.array([height * width], np.int64))
    columns, rows = np.divmod(changes, part.shape[0] + 1)
    borders = (columns + corner[1]) * height + rows + corner[0]
    touching = borders[1:-1:2] == borders[2::2]  # a run that goes on at the top of the next column
    borders = np.concatenate([borders[:1], borders[1:-1].reshape(-1, 2)[~touching].ravel(), borders[-1:]])
    counts = np.diff(borders, prepend=0, append=height * width)
    return RunLengths((height, width), counts[:-1] if counts[-1] == 0 else counts)


def encode_map(owners: np.ndarray, numbers: Sequence[int]) -> list[RunLengths]:
    """Encode regions of a map, all in one pass over it.

    Args:
        owners: int (H, W), the region of each pixel.
        numbers: The regions wanted.

    Returns:
        The run lengths of each.
    """
    flat = owners.T.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    ends, of = np.append(starts[1:], flat.size), flat[starts]
    order = np.argsort(of, kind='stable')
    starts, ends, size = starts[order], ends[order], (owners.shape[0], owners.shape[1])
    lengths = np.stack([np.diff(ends, prepend=0) - (ends - starts), ends - starts], 1).ravel()
    firsts, lasts = (np.searchsorted(of[order], np.asarray(numbers), side) for side in ('left', 'right'))
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist()):
        if first < last:
            counts = np.append(lengths[2 * first : 2 * last], flat.size - ends[last - 1])
            counts[0] = starts[first]  # what stands there is the way from another region
            found.append(RunLengths(size, counts if counts[-1] else counts[:-1]))
        else:
            found.append(RunLengths(size, np.array([flat.size], np.int64)))
    return found


def _to_text(counts: np.ndarray) -> str:
    """COCO's string: differences to the last but one length, five bits a character."""
    values = counts.astype(np.int64).copy()
    values[3:] -= counts[1:-2]
    text = bytearray()
    for value in values.tolist():
        more = True
        while more:
            low = value & _LOW
            value >>= 5
            more = value != (-1 if low & 0x10 else 0)
            text.append((low | (_MORE if more else 0)) + _FIRST)
    return text.decode('ascii')


def _from_text(text: str) -> np.ndarray:
    counts: list[int] = []
    place = 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            if place == len(text):
                raise ValueError('run lengths that end within a number; expected the whole string of a mask')
            code = ord(text[place]) - _FIRST
            value |= (code & _LOW) << shift
            more, shift, place = bool(code & _MORE), shift + 5, place + 1
            if not more and code & 0x10:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return np.array(counts, np.int64)
