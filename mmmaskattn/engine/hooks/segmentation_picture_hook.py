"""Pictures of semantic predictions: image, truth and prediction side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmmaskattn.registry import HOOKS
from mmmaskattn.visualization.overlay import side_by_side


@HOOKS.register_module()
class SegmentationPictureHook(Hook):
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
        self.draw, self.interval, self.show, self.wait_time = draw, interval, show, wait_time
        self.alpha, self.backend_args = alpha, backend_args
        self.visualizer: Visualizer = Visualizer.get_current_instance()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: Sequence | None = None
    ) -> None:
        """Draw the predictions of a validation batch.

        Args:
            runner: The Runner.
            batch_idx: Number of the batch.
            data_batch: Not used.
            outputs: Data samples with ``pred_sem_seg``, and ``gt_sem_seg`` if the truth is known.
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
        # From the data set: the visualizer of a process other than the first does not know it.
        loader = runner.val_dataloader if mode == 'val' else runner.test_dataloader
        palette = np.array(loader.dataset.metainfo['palette'], np.uint8)
        for sample in outputs:
            content = fileio.get(sample.img_path, backend_args=self.backend_args)
            image = mmcv.imfrombytes(content, channel_order='rgb')
            picture = side_by_side(image, sample, palette, self.alpha)
            name = f'{mode}_{Path(sample.img_path).stem}'
            if self.show:
                self.visualizer.show(picture, win_name=name, wait_time=self.wait_time)
            else:
                self._store(name, picture, runner)

    def _store(self, name: str, picture: np.ndarray, runner: Runner) -> None:
        """Store a picture; mmengine's visualizer is silent in all processes but the first, so those write the file."""
        if is_main_process():
            self.visualizer.add_image(name, picture, step=runner.iter)
            return
        folder = Path((runner.cfg.get('visualizer') or {}).get('save_dir') or runner.log_dir, 'vis_data/vis_image')
        mmcv.imwrite(picture[..., ::-1], str(folder / f'{name}_{runner.iter}.png'))
