"""Data samples of the instance and panoptic tasks made by hand: classes cat and dog (things), grass and sky (stuff)."""

from __future__ import annotations

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData

METAINFO = dict(
    classes=('cat', 'dog', 'grass', 'sky'),
    palette=[(200, 0, 0), (0, 0, 200), (0, 200, 0), (120, 200, 255)],
    thing_classes=('cat', 'dog'),
    stuff_classes=('grass', 'sky'),
)
VOID = 4


def rectangle(size: tuple[int, int], top: int, left: int, bottom: int, right: int) -> np.ndarray:
    """A mask (H, W)."""
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def instances_of(
    masks: list[np.ndarray], labels: list[int], scores: list[float], size: tuple[int, int]
) -> InstanceData:
    """Predicted instances, with the boxes of their masks."""
    stacked = torch.from_numpy(np.stack(masks) if masks else np.zeros((0, *size), bool))
    boxes = HorizontalBoxes.from_instance_masks(BitmapMasks(stacked.numpy().astype(np.uint8), *size)).tensor
    return InstanceData(masks=stacked, bboxes=boxes, labels=torch.tensor(labels).long(), scores=torch.tensor(scores))


def segment_sample(
    size: tuple[int, int] = (16, 16), img_path: str = 'folder/image.png', img_id: int = 7
) -> DetDataSample:
    """Sky over grass with a cat on the left (4 rows, 4 columns) and a dog; the prediction is right.

    A strip at the right border is ignored in the truth and void in the prediction.
    """
    cat, dog = rectangle(size, 4, 2, 8, 6), rectangle(size, 10, 8, 14, 12)
    semantic = np.full(size, 3, np.uint8)
    semantic[size[0] // 2 :] = 2
    semantic[cat], semantic[dog] = 0, 1
    panoptic = semantic.astype(np.int32)
    panoptic[cat], panoptic[dog] = 1000, 2001
    semantic[:, -2:], panoptic[:, -2:] = 255, VOID
    sample = DetDataSample(metainfo=dict(img_path=img_path, img_id=img_id, ori_shape=size))
    masks = BitmapMasks(np.stack([cat, dog]).astype(np.uint8), *size)
    boxes = HorizontalBoxes.from_instance_masks(masks)
    sample.gt_instances = InstanceData(masks=masks, bboxes=boxes, labels=torch.tensor([0, 1]))
    sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(semantic)[None])
    sample.pred_instances = instances_of([cat, dog], [0, 1], [0.9, 0.6], size)
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.from_numpy(panoptic)[None])
    return sample
