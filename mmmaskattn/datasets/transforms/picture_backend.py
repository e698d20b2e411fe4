"""A file backend that looks at a picture file before a loader that knows no limit decodes it."""

from __future__ import annotations

import os
from typing import Any

from mmengine.fileio import BaseStorageBackend, register_backend

from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, check_max_pixels, read_picture, refuse_unknown
from mmmaskattn.utils.option_types import Count
from mmmaskattn.utils.options import checked_options

PICTURE_BACKEND = 'mmmaskattn.picture'
"""Its name in ``backend_args``."""


@register_backend(PICTURE_BACKEND)
@checked_options
class PictureBackend(BaseStorageBackend):
    """Refuse a file that is no image, or has too many pixels, before mmcv's `LoadImageFromFile` decodes it.

    ``dict(type='LoadImageFromFile', backend_args=dict(backend='mmmaskattn.picture'))`` is how the test pipelines begin.
    mmseg and mmdet ask for that loader by name and put one for arrays in the place of a pipeline's first step, so no
    step of ours can stand before it. `LoadLowResImage` looks by itself.

    Args:
        max_pixels: The most pixels allowed.
        backend_args: Options of the backend that reads the file; by default the path's prefix decides.
    """

    def __init__(self, max_pixels: Count = MAX_PIXELS, backend_args: dict[str, Any] | None = None) -> None:
        self.max_pixels = check_max_pixels(max_pixels, 'PictureBackend')
        self.backend_args = backend_args

    def get(self, filepath: str | os.PathLike[str]) -> bytes:
        """Read a picture file.

        Args:
            filepath: Path or address.

        Returns:
            Its content, not decoded.

        Raises:
            FileNotFoundError: If the file is missing.
            ValueError: If it holds no image, or one of too many pixels; the message names it.
        """
        path = os.fspath(filepath)
        content, header = read_picture(path, self.backend_args, self.max_pixels)
        refuse_unknown(path, content, header)
        return content

    def get_text(self, filepath: str | os.PathLike[str], encoding: str = 'utf-8') -> str:
        """Refuse: a picture is no text.

        Args:
            filepath: Path or address.
            encoding: Not used.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f'{filepath}: the file backend {PICTURE_BACKEND} reads pictures only, no text')
