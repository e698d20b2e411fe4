"""Pictures of semantic predictions: image, truth and prediction side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmmaskattn.engine.hooks.picture_hook import PictureHook
from mmmaskattn.registry import HOOKS
from mmmaskattn.visualization.overlay import side_by_side


@HOOKS.register_module()
class SegmentationPictureHook(PictureHook):
    """Draw image, truth and prediction side by side, at the image's own size.

    mmseg's ``SegVisualizationHook`` needs maps of the image's size, which the ``lowres`` protocol does not give; here
    label maps of any size are enlarged by nearest neighbour. Options are those of mmseg's hook.

    Args:
        draw: Draw at all; ``tools/test.py --show`` and ``--show-dir`` turn it on.
        interval: Draw the images of every n-th batch.
        show: Show the picture in a window instead of storing it.
        wait_time: Seconds to show each picture; 0 waits for a key.
        alpha: Share of the label colours in the mixture, 0 to 1.
        backend_args: How to read the images; see ``mmengine.fileio``.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: int = 50,
        show: bool = False,
        wait_time: float = 0.0,
        alpha: float = 0.7,
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(draw, interval, show, wait_time, backend_args)
        self.alpha = alpha

    def picture(self, image: np.ndarray, sample: Any, metainfo: Mapping[str, Any]) -> np.ndarray:
        """Draw one picture.

        Args:
            image: The image file decoded in full, RGB, uint8, (H, W, 3).
            sample: Data sample with ``pred_sem_seg``, and ``gt_sem_seg`` if the truth is known.
            metainfo: That of the data set, with ``palette``.

        Returns:
            RGB, uint8, (H, 3 W, 3), or (H, 2 W, 3) without truth.
        """
        return side_by_side(image, sample, np.array(metainfo['palette'], np.uint8), self.alpha)
