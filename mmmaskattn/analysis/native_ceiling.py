"""The oracle ceiling of a config's own test set by the config's own evaluators."""

from __future__ import annotations

import copy
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmengine.utils import track_iter_progress
from mmseg.structures import SegDataSample

from mmmaskattn.analysis.oracle import enlarge_bilinear, label_dataset, network_size
from mmmaskattn.analysis.oracle_segments import oracle_segments
from mmmaskattn.datasets.transforms.resampling import resize_labels
from mmmaskattn.evaluation.class_kinds import class_kinds
from mmmaskattn.evaluation.protocol import evaluators_of, with_protocol

CEILING = 'native_ceiling'
LOWRES_CEILING = (
    'Under protocol lowres the ceiling is 100 by definition: the truth is what the network can give. Only AP that '
    'counts fewer predictions than an image has instances stays below.'
)


class NativeCeiling:
    """Figures under protocol native of a prediction that equals the truth at the network's size.

    Args:
        cfg: The config; data set, input size and evaluators of its test are used.
        size: The network's (H, W); that of the test pipeline by default.

    Raises:
        ValueError: If the config has no test evaluator, no step that loads labels, or no size.
    """

    def __init__(self, cfg: Config, size: tuple[int, int] | None = None) -> None:
        self.size = size or network_size(cfg)
        self.dataset = label_dataset(cfg)
        evaluators = copy.deepcopy(evaluators_of(cfg, 'test_evaluator'))
        if not evaluators:
            raise ValueError(f'{cfg.filename}: no test_evaluator, so there is nothing to know the ceiling of. Add one.')
        for evaluator in evaluators:
            evaluator['prefix'] = with_protocol(evaluator.get('prefix'), CEILING)
        self._evaluator = Evaluator(evaluators)
        self._evaluator.dataset_meta = self.dataset.metainfo

    def compute(self) -> dict[str, float]:
        """Evaluate the data set; in a process group each process takes a part, as the test itself does.

        Returns:
            Figures by name, with ``native_ceiling/`` before it.
        """
        rank, processes = get_dist_info()
        images = len(self.dataset)
        # mmengine gathers parts of equal length, so the last ones are filled up and dropped again.
        indices = range(rank, -(-images // processes) * processes, processes)
        for index in track_iter_progress(list(indices)) if rank == 0 and images else indices:
            self._evaluator.process([self._sample(self.dataset[index % images])])
        return self._evaluator.evaluate(images)

    def _sample(self, results: dict[str, Any]) -> Any:
        if 'gt_id_map' in results:
            return oracle_segments(results, self.size, len(class_kinds(self.dataset.metainfo).names))
        truth = results['gt_seg_map']
        prediction = enlarge_bilinear(resize_labels(truth, self.size), truth.shape, self.dataset.ignore_index)
        sample = SegDataSample(metainfo=dict(img_path=results.get('img_path'), ori_shape=truth.shape))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(truth)[None])
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(prediction)[None])
        return sample
