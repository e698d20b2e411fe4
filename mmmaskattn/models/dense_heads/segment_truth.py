"""The truth of a batch for the heads that find instances: maps of classes and of instances, and the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn import functional as F

IGNORE_LABEL = 255
IGNORE_INSTANCE = -1


class SegmentTruth(NamedTuple):
    """Truth of B images.

    Attributes:
        semantic: int64 (B, H, W), class index, 255 = ignore.
        instance_map: int64 (B, H, W): -1 ignore (void, crowd, padding), 0 stuff or background, k >= 1 the k-th instance
            of its image.
        labels: B tensors int64 (G_b,), class of each instance.
        seed_points: B tensors float (G_b, 2), x and y of a pixel inside each instance.
        seed_radii: B tensors float (G_b,), radius in pixels of the largest circle in each instance.
    """

    semantic: Tensor
    instance_map: Tensor
    labels: list[Tensor]
    seed_points: list[Tensor]
    seed_radii: list[Tensor]

    def on_cells(self, side: int) -> SegmentTruth:
        """The truth of instances on a map of cells, in units of cells; the classes of the pixels stay as they are.

        Args:
            side: Of a cell, in pixels.
        """
        if side == 1:
            return self
        return self._replace(
            instance_map=majority(self.instance_map, side),
            seed_points=[(points + 0.5) / side - 0.5 for points in self.seed_points],
            seed_radii=[radii / side for radii in self.seed_radii],
        )


def majority(ids: Tensor, side: int) -> Tensor:
    """Of the pixels of each cell the id that most have; of ids that are as many the greatest, so not the background.

    Args:
        ids: int64 (B, H, W), -1 or more.
        side: Of a cell, in pixels.

    Returns:
        int64 (B, h, w).
    """
    height, width = ids.shape[1:]
    ids = F.pad(ids, (0, -width % side, 0, -height % side), value=IGNORE_INSTANCE)
    pixels = ids.unflatten(2, (-1, side)).unflatten(1, (-1, side)).transpose(2, 3).flatten(3)
    votes = (pixels[..., None] == pixels[..., None, :]).sum(4)
    return torch.where(votes == votes.amax(3, keepdim=True), pixels, IGNORE_INSTANCE).amax(3)


def stack_truth(samples: Sequence[DetDataSample], size: tuple[int, int], device: torch.device) -> SegmentTruth:
    """Stack the truth of a batch.

    Args:
        samples: Samples with ``gt_sem_seg``, ``gt_instance_map`` and ``gt_instances`` (``labels``, and where a seed is
            learned ``seed_points`` and ``seed_radii``), as `MakeInstances`, `FindSeeds` and `PackSegments` leave them.
            A map of instances smaller than the batch is padded, as the data preprocessor does with ``gt_sem_seg``.
        size: (H, W) of the batch.
        device: Where the tensors go.

    Returns:
        The truth. Samples without seeds give empty ``seed_points`` and ``seed_radii``.

    Raises:
        ValueError: If a sample lacks its truth or has another size; the message names the image.
    """
    pairs = [_maps_of(sample, size, device) for sample in samples]
    found = [sample.gt_instances for sample in samples]
    return SegmentTruth(
        semantic=torch.stack([semantic for semantic, _ in pairs]),
        instance_map=torch.stack([instances for _, instances in pairs]),
        labels=[one.labels.to(device) for one in found],
        seed_points=[_seed_field(one, 'seed_points', (0, 2), device) for one in found],
        seed_radii=[_seed_field(one, 'seed_radii', (0,), device) for one in found],
    )


def _maps_of(sample: DetDataSample, size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Class map and instance map of one image."""
    name = sample.metainfo.get('img_path', 'an image')
    if 'gt_sem_seg' not in sample or 'gt_instance_map' not in sample:
        raise ValueError(
            f'{name}: the sample has no gt_sem_seg or no gt_instance_map. Load its truth with mmmaskattn.LoadPanoptic '
            "or mmmaskattn.LoadInstances, then put dict(type='mmmaskattn.MakeInstances', masks=False) and "
            "dict(type='mmmaskattn.PackSegments') into the pipeline."
        )
    semantic = sample.gt_sem_seg.sem_seg.reshape(sample.gt_sem_seg.sem_seg.shape[-2:]).to(device).long()
    if tuple(semantic.shape) != tuple(size):
        raise ValueError(
            f'{name}: its truth is {tuple(semantic.shape)} (height, width), the batch {tuple(size)}. Resize all images '
            'to one size, or set pad_seg=True in the data preprocessor.'
        )
    ids = sample.gt_instance_map.ids[0].to(device).long()
    instances = F.pad(ids, (0, size[1] - ids.shape[1], 0, size[0] - ids.shape[0]))
    # Crowds have numbers after those of the instances, and no label.
    return semantic, instances.masked_fill(semantic == IGNORE_LABEL, IGNORE_INSTANCE)


def _seed_field(instances: InstanceData, name: str, empty: tuple[int, ...], device: torch.device) -> Tensor:
    value = instances.get(name)
    return torch.zeros(empty, device=device) if value is None else torch.as_tensor(value, device=device)
