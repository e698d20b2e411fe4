"""A training step to be timed: the model's own losses on drawn truth, forward and backward."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from mmdet.models.utils.misc import samplelist_boxtype2tensor
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement, PixelData
from mmseg.models import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmmaskattn.datasets.transforms import FindSeeds, MakeInstances, PackSegments

ROWS, COLUMNS = 2, 4
"""Instances of each drawn image, about as many as COCO's images have on average (7.3)."""


def _values(node: Any, key: str) -> Iterator[int]:
    """Every integer that a piece of config has under a key."""
    if isinstance(node, Mapping):
        if isinstance(node.get(key), int):
            yield node[key]
        children: Any = node.values()
    else:
        children = node if isinstance(node, (list, tuple)) else ()
    for child in children:
        yield from _values(child, key)


def count_classes(cfg: Config) -> int:
    """Classes that a model learns: of a semantic model all, of a detector the things.

    Returns:
        The first of ``num_things``, ``num_things_classes`` and ``num_classes`` found in ``cfg.model``.

    Raises:
        ValueError: If the model's config has none of them.
    """
    for key in ('num_things', 'num_things_classes', 'num_classes'):
        for value in _values(cfg.model, key):
            return value
    raise ValueError(
        f'{cfg.filename}: its model names none of num_things, num_things_classes, num_classes, so truth for a training '
        f'step cannot be drawn. Leave the training step out with --skip train.'
    )


def _drawn_ids(size: tuple[int, int]) -> np.ndarray:
    """Segments of an image: 1 is the rest, 2 and on a rectangle in each cell of a grid."""
    height, width = size
    ids = np.ones(size, np.int32)
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, left = (4 * row + 1) * height // (4 * ROWS), (4 * column + 1) * width // (4 * COLUMNS)
            ids[top : top + height // (2 * ROWS), left : left + width // (2 * COLUMNS)] = 2 + row * COLUMNS + column
    return ids


def _detection_sample(size: tuple[int, int], things: int, number: int) -> BaseDataElement:
    """mmdet's sample with instances, seeds and label map, through the transforms of training."""
    rest = dict(id=1, label=things, isthing=False, iscrowd=0)
    rectangles = [dict(id=k, label=k % things, isthing=True, iscrowd=0) for k in range(2, 2 + ROWS * COLUMNS)]
    results = dict(
        img=np.zeros((*size, 3), np.uint8),
        img_path='',
        img_id=number,
        img_shape=size,
        ori_shape=size,
        scale_factor=(1.0, 1.0),
        gt_id_map=_drawn_ids(size),
        segments=[rest, *rectangles],
    )
    for step in (MakeInstances(), FindSeeds(), PackSegments()):
        results = step(results)
    return results['data_samples']


def _semantic_sample(size: tuple[int, int], classes: int, number: int) -> BaseDataElement:
    """mmseg's sample with a label map."""
    labels = torch.from_numpy(_drawn_ids(size) % classes).long()[None]
    return SegDataSample(metainfo=dict(img_id=number), gt_sem_seg=PixelData(data=labels))


def drawn_truth(model: nn.Module, cfg: Config, images: Tensor) -> list[BaseDataElement]:
    """Data samples with truth for a batch: eight rectangles of different classes on a background.

    Args:
        model: A segmentor of mmseg or a detector of mmdet.
        cfg: Its config.
        images: (B, C, H, W).

    Returns:
        One sample for each image, on its device.

    Raises:
        ValueError: If the number of classes is not in the config.
    """
    size, classes = (images.shape[-2], images.shape[-1]), count_classes(cfg)
    semantic = isinstance(model, BaseSegmentor)
    draw = _semantic_sample if semantic else _detection_sample
    samples = [draw(size, classes, number) for number in range(len(images))]
    for sample in samples:
        sample.set_metainfo(dict.fromkeys(('ori_shape', 'img_shape', 'pad_shape', 'batch_input_shape'), size))
    if not semantic:
        samplelist_boxtype2tensor(samples)
    return [sample.to(images.device) for sample in samples]


def training_step(model: BaseModel, cfg: Config, images: Tensor) -> Callable[[], Any]:
    """Forward in training mode, the model's own losses, backward; no optimizer.

    Args:
        model: Put into training mode.
        cfg: Its config.
        images: (B, C, H, W).

    Returns:
        The call; gradients are gone after it.

    Raises:
        ValueError: If the number of classes is not in the config.
    """
    model.train()
    samples = drawn_truth(model, cfg, images)

    def _call() -> None:
        truth = copy.deepcopy(samples)  # mmdet's RTMDet changes it
        losses = model(images, truth, mode='loss')
        model.parse_losses(losses)[0].backward()
        model.zero_grad(set_to_none=True)

    return _call
