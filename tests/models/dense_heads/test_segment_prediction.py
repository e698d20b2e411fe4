from __future__ import annotations

import pytest
import torch
from instance_maps import random_map
from mmdet.structures.mask import mask2bbox

from mmmaskattn.models.dense_heads.segment_prediction import boxes_of


@pytest.mark.parametrize('seed', range(4))
def test_boxes_are_those_of_mmdet(seed):
    ids = random_map(seed, count=9)
    masks = ids == torch.arange(1, int(ids.max()) + 1)[:, None, None]
    assert torch.equal(boxes_of(masks), mask2bbox(masks))
    assert torch.equal(boxes_of(masks[:0]), mask2bbox(masks[:0]))
