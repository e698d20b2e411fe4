"""Hooks that draw predictions during tests: semantic, instance and panoptic."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmmaskattn.registry import HOOKS
from mmmaskattn.utils.files import unique_names
from mmmaskattn.utils.option_types import Count, Fraction, NonNegative
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.segment_picture import PictureOptions, draw_labels, draw_segments


class PictureHook(Hook):
    """Base of the hooks that draw predictions in validation and test.

    A picture goes through the Runner's visualizer to all its backends; with the local one it becomes
    ``vis_data/vis_image/<val or test>_<image>_<iteration>.png``. Images whose files have the same stem, in different
    folders, are told apart by their number in the data set.

    Args:
        draw: Draw at all; ``tools/test.py --show`` and ``--show-dir`` turn it on.
        interval: Draw the images of every n-th batch.
        show: Show the picture in a window instead of storing it.
        wait_time: Seconds to show each picture; 0 waits for a key.
        backend_args: How to read the images; see ``mmengine.fileio``.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: Count = 50,
        show: bool = False,
        wait_time: NonNegative = 0.0,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        self.draw, self.interval, self.show, self.wait_time = draw, interval, show, wait_time
        self.backend_args = backend_args
        self.visualizer: Visualizer = Visualizer.get_current_instance()
        self._names: dict[str, dict[str, str]] = {}

    @abstractmethod
    def picture(self, image: np.ndarray, sample: Any, metainfo: Mapping[str, Any]) -> np.ndarray:
        """Draw one picture.

        Args:
            image: The image file decoded in full, RGB, uint8, (H, W, 3).
            sample: Data sample with the prediction, and with the truth if it is known.
            metainfo: That of the data set.

        Returns:
            RGB, uint8, of any size.
        """

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: Sequence | None = None
    ) -> None:
        """Draw the predictions of a validation batch.

        Args:
            runner: The Runner.
            batch_idx: Number of the batch.
            data_batch: Not used.
            outputs: Data samples with predictions, and with the truth if it is known.
        """
        self._draw_batch(runner, batch_idx, outputs, 'val')

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: Sequence | None = None
    ) -> None:
        """Draw the predictions of a test batch; arguments as in :meth:`after_val_iter`."""
        self._draw_batch(runner, batch_idx, outputs, 'test')

    def _draw_batch(self, runner: Runner, batch_idx: int, outputs: Sequence | None, mode: str) -> None:
        if not self.draw or outputs is None or not self.every_n_inner_iters(batch_idx, self.interval):
            return
        # From the data set: the visualizer of a process other than the first does not know its metainfo.
        dataset = (runner.val_dataloader if mode == 'val' else runner.test_dataloader).dataset
        metainfo = dataset.metainfo
        for sample in outputs:
            content = fileio.get(sample.img_path, backend_args=self.backend_args)
            picture = self.picture(mmcv.imfrombytes(content, channel_order='rgb'), sample, metainfo)
            name = f'{mode}_{self._name(dataset, mode, sample.img_path)}'
            if self.show:
                self.visualizer.show(picture, win_name=name, wait_time=self.wait_time)
            else:
                self._store(name, picture, runner, runner.iter if mode == 'val' else 0)

    def _name(self, dataset: Any, mode: str, path: str) -> str:
        """The image's name among all of its data set, which every process must choose alike."""
        if mode not in self._names:
            self._names[mode] = unique_names(dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
        return self._names[mode][path]

    def _store(self, name: str, picture: np.ndarray, runner: Runner, step: int) -> None:
        """Store a picture; mmengine's visualizer is silent in all processes but the first, so those write the file."""
        if is_main_process():
            self.visualizer.add_image(name, picture, step=step)
            return
        folder = Path((runner.cfg.get('visualizer') or {}).get('save_dir') or runner.log_dir, 'vis_data/vis_image')
        mmcv.imwrite(picture[..., ::-1], str(folder / f'{name}_{step}.png'))


@HOOKS.register_module()
class InstancePictureHook(PictureHook):
    """Draw image, truth, predicted instances and predicted panoptic map in one row, with a legend.

    mmdet's ``DetVisualizationHook`` needs maps of the image file's size, which the ``lowres`` protocol does not give,
    paints all things of a class alike in panoptic maps, and draws in the first process only. Here maps of any size are
    enlarged by nearest neighbour, stuff is flat and dark, things are outlined in tones of their own, and every process
    draws its images. The pictures go through the Runner's visualizer. Options are those of mmdet's hook, but for
    ``test_out_dir`` (``tools/test.py --show-dir``), and four more. What a model does not predict is left out.

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
        interval: Count = 50,
        score_thr: Fraction = 0.3,
        show: bool = False,
        wait_time: NonNegative = 0.0,
        alpha: Fraction = 0.6,
        side: Count = 384,
        embeddings: bool = False,
        embedding_pixels: Literal['foreground', 'all'] = 'foreground',
        backend_args: dict[str, Any] | None = None,
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


@HOOKS.register_module()
class SegmentationPictureHook(PictureHook):
    """Draw image, truth and prediction in one row, with a legend.

    mmseg's ``SegVisualizationHook`` needs maps of the image's size, which the ``lowres`` protocol does not give; here
    label maps of any size are enlarged by nearest neighbour. Options are those of mmseg's hook, and one more.

    Args:
        draw: Draw at all; ``tools/test.py --show`` and ``--show-dir`` turn it on.
        interval: Draw the images of every n-th batch.
        show: Show the picture in a window instead of storing it.
        wait_time: Seconds to show each picture; 0 waits for a key.
        alpha: Share of the label colours in the mixture, 0 to 1.
        side: Pixels that the longer side of each panel has at least; at most it has twice as many.
        backend_args: How to read the images; see ``mmengine.fileio``.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: Count = 50,
        show: bool = False,
        wait_time: NonNegative = 0.0,
        alpha: Fraction = 0.7,
        side: Count = 384,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(draw, interval, show, wait_time, backend_args)
        self.options = PictureOptions(alpha=alpha, side=side)

    def picture(self, image: np.ndarray, sample: Any, metainfo: Mapping[str, Any]) -> np.ndarray:
        """Draw one picture; see `draw_labels`.

        Args:
            image: The image file decoded in full, RGB, uint8, (H, W, 3).
            sample: Data sample with ``pred_sem_seg``, and ``gt_sem_seg`` if the truth is known.
            metainfo: That of the data set.

        Returns:
            RGB, uint8.
        """
        return draw_labels(image, sample, ClassTable.from_metainfo(metainfo), self.options)
