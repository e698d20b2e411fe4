"""Samples of the instance and panoptic tasks from a picture of ids, through the real transforms."""

from __future__ import annotations

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmmaskattn.datasets.transforms import FindSeeds, MakeInstances, PackSegments

THING, STUFF = 0, 1


def sample_of(id_map: np.ndarray, labels: dict[int, int], crowds: tuple[int, ...] = (), things: int = 1):
    """One packed sample.

    Args:
        id_map: (H, W), 0 = void, k = segment k.
        labels: Class of each segment 1 to n.
        crowds: Segments that are crowds.
        things: Number of thing classes: labels below it are things.
    """
    segments = [
        dict(id=k, label=label, isthing=label < things, iscrowd=int(k in crowds)) for k, label in sorted(labels.items())
    ]
    size = id_map.shape
    results = dict(
        img=np.zeros((*size, 3), np.uint8),
        img_path='drawn.png',
        img_id=0,
        img_shape=size,
        ori_shape=size,
        gt_id_map=id_map.astype(np.int32),
        segments=segments,
        seg_fields=['gt_id_map'],
    )
    for step in (MakeInstances(masks=False), FindSeeds(), PackSegments()):
        results = step(results)
    return results['data_samples']


def blobs(size: int = 32) -> np.ndarray:
    """Two touching squares and one apart, on a background segment 4."""
    ids = np.full((size, size), 4)
    ids[4:12, 4:12], ids[4:12, 12:20], ids[20:28, 8:18] = 1, 2, 3
    return ids


BLOB_LABELS = {1: THING, 2: THING, 3: THING, 4: STUFF}


def special(name: str, size: int = 32) -> DetDataSample:
    """A sample of a kind that breaks careless heads."""
    ids = np.ones((size, size), int)
    if name == 'blobs':
        return sample_of(blobs(size), BLOB_LABELS)
    if name == 'nothing':
        return sample_of(ids, {1: STUFF})
    if name == 'ignored':
        return sample_of(ids * 0, {1: STUFF})
    if name == 'filled':
        return sample_of(ids, {1: THING})
    if name == 'pixels':
        ids[3, 3], ids[9, 20], ids[-1, -1] = 2, 3, 4
        return sample_of(ids, {1: STUFF, 2: THING, 3: THING, 4: THING})
    if name == 'crowd':
        return sample_of(blobs(size), BLOB_LABELS, crowds=(1,))
    raise KeyError(name)


SPECIAL = ('blobs', 'nothing', 'ignored', 'filled', 'pixels', 'crowd')


def feature(batch: int = 1, size: int = 32, channels: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(seed))
