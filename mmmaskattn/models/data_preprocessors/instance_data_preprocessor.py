"""Masks and boxes for mmdet's detectors, made where they are used and not carried through the data loader."""

from __future__ import annotations

import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks

from mmmaskattn.registry import MODELS


def add_masks(sample: DetDataSample) -> None:
    """Give the instances of a sample masks and boxes.

    Args:
        sample: Sample with ``gt_instance_map``, as `PackSegments` leaves it; ``gt_instances`` and
            ``ignored_instances`` get ``masks`` (BitmapMasks uint8) and ``bboxes`` (HorizontalBoxes). One that has masks
            stays as it is.

    Raises:
        ValueError: If there is neither; the message names the image.
    """
    if 'masks' in sample.gt_instances:
        return
    if 'gt_instance_map' not in sample:
        raise ValueError(
            f'{sample.metainfo.get("img_path", "an image")}: the sample has neither gt_instance_map nor '
            "gt_instances.masks. Put dict(type='mmmaskattn.MakeInstances') and dict(type='mmmaskattn.PackSegments') "
            'into the training pipeline.'
        )
    ids, first = sample.gt_instance_map.ids.cpu(), 1
    for instances in (sample.gt_instances, sample.ignored_instances):
        numbers = torch.arange(first, first + len(instances.labels), dtype=ids.dtype)
        masks = (ids == numbers[:, None, None]).to(torch.uint8).numpy()
        instances.masks = BitmapMasks(masks, *ids.shape[1:])
        instances.bboxes = instances.masks.get_bboxes('hbox')
        first += len(numbers)


@MODELS.register_module()
class InstanceDataPreprocessor(DetDataPreprocessor):
    """mmdet's `DetDataPreprocessor` that makes masks and boxes for training.

    For a detector of mmdet over our instance and panoptic data, whose samples hold one map of instances. Options are
    those of `DetDataPreprocessor`.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: ``inputs`` and ``data_samples`` of the loader; in training the samples get masks and boxes.
            training: Whether it is for training.

        Returns:
            The batch as the detector takes it.

        Raises:
            ValueError: If a sample for training has no map of instances.
        """
        if training:
            for sample in data['data_samples']:
                add_masks(sample)
        return super().forward(data, training)
