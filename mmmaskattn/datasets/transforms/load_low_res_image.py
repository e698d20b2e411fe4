"""Loading of images that will be used small: JPEGs are decoded at a reduced scale when that is enough."""

from __future__ import annotations

from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmcv.transforms.utils import cache_randomness

from mmmaskattn.datasets.transforms.low_res_resize import check_size, scale_size
from mmmaskattn.datasets.transforms.low_res_scale_jitter import check_ratio_range
from mmmaskattn.datasets.transforms.picture_file import (
    MAX_PIXELS,
    Header,
    check_max_pixels,
    read_picture,
    refuse_unknown,
)
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Count, Interval, Size

REDUCED_FLAGS = {
    'color': {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8},
    'grayscale': {
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    },
}


def reducible_shape(header: Header) -> tuple[int, int] | None:
    """Size of a picture that may be decoded at a reduced scale.

    Args:
        header: Its header.

    Returns:
        (H, W), or None for another format than JPEG or a picture that EXIF says to turn (rare, and a reduced decode
        would put its partial last column on the wrong side).
    """
    return header.size if header.format in ('JPEG', 'MPO') and header.orientation == 1 else None


def decode_image(path: str, content: bytes, flag: str | int = 'color', backend: str | None = 'cv2') -> np.ndarray:
    """Decode an image, turned upright as EXIF says; of 16 bits the upper 8 are kept, as OpenCV does.

    Args:
        path: Its file, for the message.
        content: The file's content, with a header that `refuse_unknown` lets pass.
        flag: mmcv's or OpenCV's.
        backend: mmcv's decoder.

    Returns:
        uint8 (H, W, 3) in BGR order, or as ``flag`` says.

    Raises:
        ValueError: If it cannot be decoded.
    """
    try:
        image = mmcv.imfrombytes(content, flag=flag, backend=backend)
    except (cv2.error, OSError, SyntaxError):
        image = None
    if image is None:
        refuse_unknown(path, content, None)
    return image


def decode_scale(native: tuple[int, int], needed: tuple[int, int]) -> int:
    """Find the largest of 8, 4, 2, 1 by which an image may be reduced and still has the pixels needed.

    Args:
        native: (H, W) of the file.
        needed: (H, W) that a later step resizes to.
    """
    for scale in (8, 4, 2):
        if native[0] >= scale * needed[0] and native[1] >= scale * needed[1]:
            return scale
    return 1


@TRANSFORMS.register_module()
class LoadLowResImage(LoadImageFromFile):
    """`LoadImageFromFile` of mmcv that decodes no more of a JPEG than a small network input needs.

    libjpeg can decode at 1/2, 1/4 or 1/8 of the size for a fraction of the time, which is the greater part of a
    low-resolution pipeline's. The picture is reduced only if both sides stay at least as long as the size needed.
    Other formats are decoded in full. EXIF's orientation is followed. Of 16 bits the upper 8 are kept, as by OpenCV:
    grey values of 12 bits stored in 16 arrive as 0 to 15 and should be written in 8 bits before.

    Required key: ``img_path``; ``jitter_ratio`` is used if it has been drawn already. Added: ``img``, ``img_shape``
    (of the decoded array), ``ori_shape`` (of the file, always the full size), ``decode_scale`` (1, 2, 4 or 8),
    ``jitter_ratio`` if ``ratio_range`` is given.

    Args:
        size: The network's input size, one integer or (H, W) in pixels, at least 16.
        ratio_range: The range of a `LowResScaleJitter` that follows. The ratio is then drawn here, once, so that the
            decoder knows how many pixels it needs, and that transform uses it.
        max_pixels: The most pixels that a file may have; its header is read before it is decoded.
        **kwargs: Options of `LoadImageFromFile` (``to_float32``, ``color_type``, ``imdecode_backend``,
            ``ignore_empty``, ``backend_args``). A backend other than cv2 decodes in full.

    Raises:
        ValueError: If an option is not valid, or a file holds no readable image (the message names it).
    """

    def __init__(
        self, size: Size, ratio_range: Interval | None = None, max_pixels: Count = MAX_PIXELS, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_pixels = check_max_pixels(max_pixels, 'LoadLowResImage')
        self.size = check_size(size, 'LoadLowResImage: size')
        self.ratio_range = (
            None if ratio_range is None else check_ratio_range(ratio_range, 'LoadLowResImage: ratio_range')
        )

    @cache_randomness
    def draw_ratio(self) -> float:
        """Draw the ratio of the jitter that follows; 1 if there is none."""
        return 1.0 if self.ratio_range is None else float(np.random.uniform(*self.ratio_range))

    def reducible_size(self, path: str) -> tuple[int, int] | None:
        """Size of a file that may be decoded at a reduced scale.

        Args:
            path: The file.

        Returns:
            (H, W), or None if it is always decoded in full.
        """
        content, header = read_picture(path, self.backend_args, self.max_pixels)
        refuse_unknown(path, content, header)
        return self._reducible(header)

    def _reducible(self, header: Header | None) -> tuple[int, int] | None:
        reduces = self.imdecode_backend == 'cv2' and self.color_type in REDUCED_FLAGS
        return reducible_shape(header) if reduces and header else None

    def transform(self, results: dict) -> dict[str, Any] | None:
        """Load one image.

        Args:
            results: Result dictionary with ``img_path``.

        Returns:
            The same dictionary, or None if ``ignore_empty`` is set and the image cannot be read.
        """
        ratio = results['jitter_ratio'] if 'jitter_ratio' in results else self.draw_ratio()
        try:
            image, shape, scale = self._decode(results['img_path'], scale_size(self.size, ratio))
        except (OSError, ValueError):
            if self.ignore_empty:
                return None
            raise
        results.update(img=image, img_shape=image.shape[:2], ori_shape=shape, decode_scale=scale)
        if self.ratio_range is not None:
            results['jitter_ratio'] = ratio
        return results

    def _decode(self, path: str, needed: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int], int]:
        """Decode a file to (image, full (H, W), divisor)."""
        content, header = read_picture(path, self.backend_args, self.max_pixels)
        refuse_unknown(path, content, header)
        shape = self._reducible(header)
        scale = decode_scale(shape, needed) if shape else 1
        flag = REDUCED_FLAGS[self.color_type][scale] if scale > 1 else self.color_type
        image = decode_image(path, content, flag, self.imdecode_backend)
        if self.to_float32:
            image = image.astype(np.float32)
        return image, (shape if shape else image.shape[:2]), scale

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, ratio_range={self.ratio_range}, color_type={self.color_type!r})'
        )
