"""Random scale with crop or padding at the low resolution, for training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmmaskattn.datasets.transforms.low_res_resize import check_size, resize_labels, resize_picture, scale_size
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Colour, Interval, Label, Size

ID_MAP_PAD_VALUES = {'gt_id_map': 0}
"""Value of padded pixels in maps that hold no labels; 0 is what an id map ignores."""


def check_ratio_range(ratio_range: Sequence[float], option: str) -> tuple[float, float]:
    """Check an interval of scale ratios.

    Args:
        ratio_range: (low, high).
        option: Name of the option, for the error message.

    Returns:
        (low, high) with 0 < low <= high.

    Raises:
        ValueError: If it is anything else.
    """
    pair = tuple(ratio_range)
    if len(pair) != 2 or not 0 < pair[0] <= pair[1]:
        raise ValueError(
            f'{option}={ratio_range!r}: expected (low, high) with 0 < low <= high, for example (0.5, 2.0).'
        )
    return pair[0], pair[1]


class Overlap(NamedTuple):
    """Where an array and a window of another size meet.

    Attributes:
        take: Rows and columns of the array.
        put: The same pixels' rows and columns of the window.
    """

    take: tuple[slice, slice]
    put: tuple[slice, slice]


def overlap(shape: tuple[int, int], size: tuple[int, int], offset: tuple[int, int]) -> Overlap:
    """Find what a window shows of an array.

    Args:
        shape: (H, W) of the array.
        size: (H, W) of the window.
        offset: Where the window starts (row, column) in the array's coordinates; negative along an axis that is padded.
    """
    take = [slice(max(o, 0), min(o + n, length)) for o, n, length in zip(offset, size, shape)]
    put = [slice(t.start - o, t.stop - o) for t, o in zip(take, offset)]
    return Overlap((take[0], take[1]), (put[0], put[1]))


def pad(part: np.ndarray, size: tuple[int, int], put: tuple[slice, slice], fill: Any) -> np.ndarray:
    """Set an array into a window filled with one value.

    Args:
        part: Shape (h, w) or (h, w, C).
        size: (H, W) of the window.
        put: Rows and columns of the window that the array takes.
        fill: Value of the other pixels, a scalar or one per channel.

    Returns:
        Contiguous array of shape (size[0], size[1]) or (size[0], size[1], C).
    """
    if part.shape[:2] == tuple(size):
        return np.ascontiguousarray(part)
    window = np.empty((*size, *part.shape[2:]), part.dtype)
    window[0] = fill
    window[1:] = window[0]  # whole rows: ten times as quick as pixel by pixel
    window[put] = part
    return window


@TRANSFORMS.register_module()
class LowResScaleJitter(BaseTransform):
    """Draw a scale, resize once from the native size, then crop or pad to the network's size.

    The paper (section 4.2) trains with scale jitter but gives no range; (0.5, 2.0) is the range usual in semantic
    segmentation. A scale above 1 shows a random part of the image, one below 1 the whole image at a random place
    between padding.

    Required keys: ``img``, the maps named in ``seg_fields``; ``jitter_ratio`` is used if `LoadLowResImage` has drawn
    it already. Modified: ``img``, ``img_shape``, the maps. Added: ``scale_factor`` (w, h), that of the
    resizing alone, as mmdet's random crop leaves it; ``keep_ratio``.

    Args:
        size: The network's input size, one integer or (H, W) in pixels, at least 16.
        ratio_range: (low, high) of the uniformly drawn scale; 1 makes the image exactly ``size``.
        img_pad_value: Value of padded image pixels in the order of the image's channels (BGR); the default is
            ImageNet's mean colour, which is about zero after normalisation.
        seg_pad_value: Label of padded pixels, the ignore index; an id map (``gt_id_map``) is padded with its own, 0.

    Raises:
        ValueError: If the size or the range is not valid.
    """

    def __init__(
        self,
        size: Size,
        ratio_range: Interval = (0.5, 2.0),
        img_pad_value: Colour = (104, 116, 124),
        seg_pad_value: Label = 255,
    ) -> None:
        self.size = check_size(size, 'LowResScaleJitter: size')
        self.ratio_range = check_ratio_range(ratio_range, 'LowResScaleJitter: ratio_range')
        self.img_pad_value = tuple(img_pad_value)
        self.seg_pad_value = seg_pad_value

    @cache_randomness
    def _draw_ratio(self) -> float:
        return float(np.random.uniform(*self.ratio_range))

    @cache_randomness
    def _draw_offset(self, scaled: tuple[int, int]) -> tuple[int, int]:
        """Draw the window's corner; along an axis shorter than the window it is negative."""
        spare = [length - side for length, side in zip(scaled, self.size)]
        row, column = (int(np.random.randint(min(s, 0), max(s, 0) + 1)) for s in spare)
        return row, column

    def transform(self, results: dict) -> dict[str, Any]:
        """Jitter one sample."""
        drawn = results.pop('jitter_ratio', None)
        scaled = scale_size(self.size, self._draw_ratio() if drawn is None else drawn)
        resize_picture(results, scaled)
        take, put = overlap(scaled, self.size, self._draw_offset(scaled))
        fill = self.img_pad_value if results['img'].ndim == 3 else self.img_pad_value[0]
        results['img'] = pad(results['img'][take], self.size, put, fill)
        for key in results.get('seg_fields', []):
            pad_value = ID_MAP_PAD_VALUES.get(key, self.seg_pad_value)
            results[key] = pad(resize_labels(results[key], scaled, take), self.size, put, pad_value)
        results['img_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, ratio_range={self.ratio_range})'
