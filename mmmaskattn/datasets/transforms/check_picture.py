"""A look at an image file before a loader that knows no limit decodes it."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform

from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, check_max_pixels, read_picture, refuse_unknown
from mmmaskattn.registry import TRANSFORMS
from mmmaskattn.utils.option_types import Count


@TRANSFORMS.register_module()
class CheckPicture(BaseTransform):
    """Refuse an image file that is none, or has too many pixels, before mmcv's `LoadImageFromFile` decodes it.

    The test pipelines have it, since the inferencers of mmseg and mmdet ask for that loader; `LoadLowResImage` looks by
    itself. The inferencers hand a path or an array to the first step: a path is checked, an array passes.

    Required key: ``img_path``. Nothing is changed.

    Args:
        max_pixels: The most pixels allowed.
        backend_args: mmengine's file backend options.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it holds no image, or one of too many pixels; the message names it.
    """

    def __init__(self, max_pixels: Count = MAX_PIXELS, backend_args: dict | None = None) -> None:
        self.max_pixels = check_max_pixels(max_pixels, 'CheckPicture')
        self.backend_args = backend_args

    def transform(self, results: Any) -> Any:
        """Check one image.

        Args:
            results: Result dictionary with ``img_path``; a path; or anything else, which passes.

        Returns:
            The same.
        """
        path = results.get('img_path') if isinstance(results, dict) else results
        if isinstance(path, str):
            refuse_unknown(path, *read_picture(path, self.backend_args, self.max_pixels))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_pixels={self.max_pixels})'
