"""Pictures of instance and panoptic predictions: image, truth, instances, panoptic map, embeddings, legend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmmaskattn.engine.hooks.picture_hook import PictureHook
from mmmaskattn.registry import HOOKS
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.segment_picture import PictureOptions, draw_segments


@HOOKS.register_module()
class InstancePictureHook(PictureHook):
    """Draw image, truth, predicted instances and predicted panoptic map in one row, with a legend.

    mmdet's ``DetVisualizationHook`` needs maps of the image file's size, which the ``lowres`` protocol does not give,
    paints all things of a class alike in panoptic maps, and draws in the first process only. Here maps of any size are
    enlarged by nearest neighbour, stuff is flat and dark, things are outlined in tones of their own, and every process
    draws its images. The pictures go through the Runner's visualizer, mmdet's ``DetLocalVisualizer`` in the shipped
    configs. Options are those of mmdet's hook, but for ``test_out_dir`` (``tools/test.py --show-dir``), and four more.
    What a model does not predict is left out.

    Args:
        draw: Draw at all; ``tools/test.py --show`` and ``--show-dir`` turn it on.
        interval: Draw the images of every n-th batch.
        score_thr: Instances are drawn whose score is above it.
        show: Show the picture in a window instead of storing it.
        wait_time: Seconds to show each picture; 0 waits for a key.
        alpha: Share of the colours in the mixture, 0 to 1.
        side: Pixels that the longer side of each panel has at least; at most it has twice as many.
        embeddings: Draw the embeddings too, as their three principal components; the predictions must have
            ``pred_embeddings``, which ``model.test_cfg.return_embeddings=True`` asks for.
        embedding_pixels: Whose components these are: ``'foreground'``, of the things predicted, the rest being
            darkened, or ``'all'``.
        backend_args: How to read the images; see ``mmengine.fileio``.

    Raises:
        ValueError: If an option is out of its range.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: int = 50,
        score_thr: float = 0.3,
        show: bool = False,
        wait_time: float = 0.0,
        alpha: float = 0.6,
        side: int = 384,
        embeddings: bool = False,
        embedding_pixels: str = 'foreground',
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(draw, interval, show, wait_time, backend_args)
        self.options = PictureOptions(score_thr, alpha, side, embedding_pixels if embeddings else None)

    def picture(self, image: np.ndarray, sample: Any, metainfo: Mapping[str, Any]) -> np.ndarray:
        """Draw one picture; see `draw_segments`.

        Args:
            image: The image file decoded in full, RGB, uint8, (H, W, 3).
            sample: mmdet's data sample with predictions, and with the truth if it is known.
            metainfo: That of the data set.

        Returns:
            RGB, uint8.

        Raises:
            ValueError: If embeddings are to be drawn and the sample has none.
        """
        return draw_segments(image, sample, ClassTable.from_metainfo(metainfo), self.options)
