"""An exported file on a data set, by the metrics of a config: what it is worth, int8 above all."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData

from mmmaskattn.apis.deploy.formats import Opened
from mmmaskattn.apis.deploy.graph import VOID
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.engine.launch import demand_parts, fit_workers
from mmmaskattn.models.dense_heads.segment_prediction import PredictionOptions, best_instances
from mmmaskattn.models.grouping.fusion import INSTANCE_OFFSET
from mmmaskattn.utils.progress import show_progress


def evaluate_file(opened: Opened, cfg: Config, split: str = 'test') -> dict[str, float]:
    """Run a file on the pictures of a data set and compute the config's metrics.

    Args:
        opened: The file.
        cfg: Config of the model that it was made of; its pipeline brings the pictures to the network's size.
        split: ``'val'`` or ``'test'``.

    Returns:
        The figures by name, as ``tools/test.py`` gives them.

    Raises:
        FileNotFoundError: If the data are missing.
        ValueError: If the classes of the data are not those of the file.
    """
    name = f'{split}_dataloader'
    demand_parts(cfg, (name, f'{split}_evaluator'))
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    fit_workers(cfg)
    check_data_roots(cfg, (name,))
    loader = Runner.build_dataloader(cfg[name], seed=0)
    evaluator = Evaluator(_evaluators(cfg[f'{split}_evaluator'], opened.info.task))
    evaluator.dataset_meta = loader.dataset.metainfo
    _check_classes(opened, loader.dataset.metainfo)
    for batch in show_progress(loader, len(loader), 'batches'):
        samples = [_predicted(opened, *pair) for pair in zip(batch['inputs'], batch['data_samples'])]
        evaluator.process(data_samples=samples, data_batch=batch)
    return {key: float(value) for key, value in evaluator.evaluate(len(loader.dataset)).items()}


def _evaluators(given: Any, task: str) -> list[Any]:
    """The config's metrics that a file can have; what finds objects gives no map of classes before fusion."""
    found = list(given) if isinstance(given, (list, tuple)) else [given]
    without = ('Dump',) if task == 'semantic' else ('Dump', 'SegmentIoU')
    return [one for one in found if not str(one['type']).endswith(without)]


def _check_classes(opened: Opened, metainfo: Any) -> None:
    own, theirs = list(opened.info.classes.names), list(metainfo.get('classes') or ())
    if own != theirs:
        raise ValueError(
            f'the file tells apart {", ".join(own)[:200]}; the data have {", ".join(theirs)[:200]}. Name the config '
            'that the file was made of'
        )


def _predicted(opened: Opened, picture: torch.Tensor, sample: Any) -> Any:
    """A data sample with what the file says of its picture (3, h, w), BGR, of the network's size."""
    found = opened.outputs(np.ascontiguousarray(picture.numpy()[::-1].transpose(1, 2, 0)), tuple(sample.ori_shape))
    info = opened.info
    if info.task == 'semantic':
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(found['labels'][None].astype(np.int64)))
        return sample
    owners = torch.from_numpy(found['owners'].astype(np.int64))
    options = PredictionOptions(max_per_image=info.most)
    sample.pred_instances = best_instances(owners, torch.from_numpy(found['class_scores']), options)
    if info.task == 'panoptic':
        labels = torch.from_numpy(found['labels'].astype(np.int64))
        things = torch.isin(labels, torch.tensor(sorted(info.classes.things), dtype=torch.long))
        numbers = torch.where(things, labels + (owners + 1) * INSTANCE_OFFSET, labels)
        numbers = numbers.masked_fill(labels == VOID, len(info.classes.names))
        sample.pred_panoptic_seg = PixelData(sem_seg=numbers[None].int())
    return sample
