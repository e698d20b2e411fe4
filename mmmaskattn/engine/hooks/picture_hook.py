"""What the hooks that draw predictions share: when to draw, reading the images, naming and storing the pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmmaskattn.utils.unique_names import unique_names


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
        interval: int = 50,
        show: bool = False,
        wait_time: float = 0.0,
        backend_args: dict | None = None,
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
                self._store(name, picture, runner)

    def _name(self, dataset: Any, mode: str, path: str) -> str:
        """The image's name among all of its data set, which every process must choose alike."""
        if mode not in self._names:
            self._names[mode] = unique_names(dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
        return self._names[mode][path]

    def _store(self, name: str, picture: np.ndarray, runner: Runner) -> None:
        """Store a picture; mmengine's visualizer is silent in all processes but the first, so those write the file."""
        if is_main_process():
            self.visualizer.add_image(name, picture, step=runner.iter)
            return
        folder = Path((runner.cfg.get('visualizer') or {}).get('save_dir') or runner.log_dir, 'vis_data/vis_image')
        mmcv.imwrite(picture[..., ::-1], str(folder / f'{name}_{runner.iter}.png'))
