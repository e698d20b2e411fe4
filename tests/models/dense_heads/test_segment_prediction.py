from __future__ import annotations

import pytest
import torch
from instance_maps import random_map
from mmdet.structures.mask import mask2bbox

from mmmaskattn.models.dense_heads.segment_prediction import (
    PredictionOptions,
    boxes_of,
    exclusive_owners,
    predict_segments,
)
from mmmaskattn.models.grouping import Groups
from mmmaskattn.models.grouping.peers import groups_of_map


@pytest.mark.parametrize('seed', range(4))
def test_boxes_are_those_of_mmdet(seed):
    ids = random_map(seed, count=9)
    masks = ids == torch.arange(1, int(ids.max()) + 1)[:, None, None]
    assert torch.equal(boxes_of(masks), mask2bbox(masks))
    assert torch.equal(boxes_of(masks[:0]), mask2bbox(masks[:0]))


def predicted(groups: Groups, sizes, inner=None, options: PredictionOptions | None = None):
    """Predictions where every pixel of a group is surely a thing, and every other one surely stuff."""
    things = (groups.assignment >= 0).float()
    semantic = 20 * torch.stack([things, 1 - things], dim=1)
    scores = torch.linspace(0.9, 0.5, groups.valid.shape[1]).expand(len(sizes), -1)[..., None]
    return predict_segments(groups, scores, semantic, things, 1, sizes, options or PredictionOptions(), inner)


def test_masks_are_cut_to_the_image_before_they_are_resized():
    """The right half of the batch is padding: the left half alone is stretched to the size of the file."""
    slots = torch.full((1, 16, 16), -1)
    slots[0, 4:12, 2:6] = 0
    (one,) = predicted(groups_of_map(slots, 1), [(16, 8)], inner=[(16, 8)])
    assert torch.equal(one.instances.masks[0], slots[0, :, :8] == 0)
    assert one.instances.bboxes.tolist() == [[2, 4, 6, 12]]
    assert torch.equal(one.panoptic.sem_seg[0] >= 1000, slots[0, :, :8] == 0)


def test_a_pixel_belongs_to_instances_if_that_is_more_likely_than_not():
    soft = torch.tensor([[0.30, 0.30, 0.52], [0.19, 0.22, 0.0]])[:, None]
    assert exclusive_owners(soft, (1, 3)).tolist() == [[-1, 0, 0]]
    assert exclusive_owners(torch.tensor([[[0.45, 0.55]]]), (1, 2)).tolist() == [[-1, 0]]


def test_a_hundred_instances_are_predicted_unless_more_are_asked_for():
    slots = torch.arange(256).view(1, 16, 16) // 2
    groups = groups_of_map(slots, 128)
    (one,) = predicted(groups, [(16, 16)])
    assert len(one.instances.scores) == 100
    assert one.instances.scores.min() > 0.58
    (one,) = predicted(groups, [(16, 16)], options=PredictionOptions(max_per_image=200))
    assert len(one.instances.scores) == 128
