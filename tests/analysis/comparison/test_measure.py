"""The number of instances beside a latency is that of the prediction itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmseg.structures import SegDataSample

from mmmaskattn.analysis.comparison.measure import _count_instances, instances_found
from mmmaskattn.analysis.models import build_seeded_model, read_config

CONFIGS = Path(__file__).parents[3] / 'configs'


def eager_model(**options):
    """One that takes every pixel for the first thing and every peak for a seed."""
    model = build_seeded_model(read_config(CONFIGS / 'maskattn/cityscapes_panoptic_128_tiny.py', options))
    head = model.segment_head
    with torch.no_grad():
        for bias in (head.semantic_branch.out.bias[:4], head.seed_branch.out.bias, head.classifier[2].bias[:1]):
            bias += 5
    return model


def test_scored_instances_are_counted():
    assert instances_found(eager_model(), (64, 64)) > 3
    assert instances_found(eager_model(**{'model.test_cfg.max_per_image': 3}), (64, 64)) == 3


def test_a_semantic_model_finds_none():
    model = build_seeded_model(read_config(CONFIGS / 'maskattn/ade20k_semantic_128_tiny.py'))
    assert instances_found(model, (32, 32)) is None


@pytest.mark.parametrize(('ids', 'expected'), [([[0, 53], [1007, 2007]], 2), ([[0, 53], [4, 133]], 0)])
def test_things_of_a_panoptic_map_are_counted_where_there_are_no_scored_ones(ids, expected):
    sample = SegDataSample(pred_panoptic_seg=PixelData(sem_seg=torch.tensor([ids])))
    assert _count_instances(sample) == expected
    sample.pred_instances = InstanceData(scores=torch.zeros(5))
    assert _count_instances(sample) == 5


def test_seeded_weights_are_the_same_each_time_and_leave_the_generator_alone():
    cfg = read_config(CONFIGS / 'maskattn/ade20k_semantic_128_tiny.py')
    torch.manual_seed(7)
    first = build_seeded_model(cfg).state_dict()
    drawn = torch.rand(3)
    second = build_seeded_model(cfg).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
    other = build_seeded_model(cfg, seed=1).state_dict()
    assert not torch.equal(first['decode_head.conv_seg.weight'], other['decode_head.conv_seg.weight'])
