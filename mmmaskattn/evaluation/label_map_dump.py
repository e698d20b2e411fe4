"""Semantic predictions written as PNG label maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmmaskattn.evaluation.id_maps import as_array
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.files import atomic_write, free_folder, unique_names
from mmmaskattn.utils.option_types import CollectDevice, Name


@METRICS.register_module()
class LabelMapDump(BaseMetric):
    """Write each predicted label map as ``<image>.png``, at the size at which the model gives it.

    mmseg's `IoUMetric` names a map by its image's stem alone, so that of two images of one stem in different folders
    one map overwrites the other. Here names are given once all images are known: stems where these are all different,
    else ``<number>_<stem>`` with the image's number in the data set.

    Values are labels; where the data set reads its first label as "ignore" (``reduce_zero_label``), they are counted
    from 1, as in its own label files. The first process writes, once all predictions are collected; every file is whole
    or not there. It is no metric and reports none.

    Args:
        output_dir: Folder to write to; it must be absent or empty. If something has come into it by the time of
            writing, a folder beside it is used.
        collect_device: See ``BaseMetric``.

    Raises:
        FileExistsError: If there is something in the folder.
    """

    default_prefix = 'dump'

    def __init__(self, output_dir: Name, collect_device: CollectDevice = 'cpu') -> None:
        super().__init__(collect_device)
        self.folder = Path(output_dir)
        if is_main_process() and free_folder(self.folder) != self.folder:
            raise FileExistsError(f'LabelMapDump: {output_dir} is not empty and nothing in it is overwritten: move it')

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Encode the predictions of a batch.

        Args:
            data_batch: Not used.
            data_samples: Data samples as dictionaries, with ``pred_sem_seg`` and ``img_path``.
        """
        for sample in data_samples:
            labels = as_array(sample['pred_sem_seg']['data']).squeeze(0).astype(np.uint8)
            png = cv2.imencode('.png', labels + bool(sample.get('reduce_zero_label')))[1].tobytes()
            self.results.append((sample['img_path'], png))

    def compute_metrics(self, results: list[tuple[str, bytes]]) -> dict:
        """Write the files.

        Args:
            results: Path and encoded map of each image, in the data set's order.
        """
        folder = free_folder(self.folder)
        names = unique_names(path for path, _ in results)
        for path, png in results:
            atomic_write(folder / f'{names[path]}.png', png)
        print_log(f'Label maps of {len(results)} images in {folder}.', logger='current')
        return {}
