"""StarDist under our detector: the published size, its truth found again, a training that learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_truth import special
from mmengine.structures import InstanceData, PixelData

from mmmaskattn.analysis import build_model, count_complexity, read_config
from mmmaskattn.models.dense_heads import StarDistHead
from mmmaskattn.models.dense_heads.stardist_head import StarOutputs

PEER = Path(__file__).parents[3] / 'configs/peers/stardist/dsb2018_panoptic_128.py'


def discs(size: tuple[int, int] = (64, 80)) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing='ij')
    ids = torch.zeros(size, dtype=torch.int64)
    for number, (y, x, radius) in enumerate([(16, 20, 10), (40, 30, 8), (30, 60, 12), (44, 44, 7)], start=1):
        ids[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    return ids


def test_size_is_that_of_the_published_models():
    cost = count_complexity(build_model(read_config(PEER)), (128, 128))
    assert cost.params / 1e6 == pytest.approx(1.43, abs=0.01)
    assert cost.macs / 1e9 == pytest.approx(0.852, abs=0.01)
    assert cost.forward == 'tensor'


def test_more_classes_are_refused():
    with pytest.raises(ValueError, match='num_things is 2 and num_stuff 1: StarDistHead finds one class'):
        StarDistHead(num_things=2, num_stuff=1, in_channels=8)


@pytest.mark.parametrize('grid', [1, 2])
def test_true_maps_give_back_the_objects(grid):
    pytest.importorskip('stardist')
    head, ids = StarDistHead(num_things=1, num_stuff=1, in_channels=8), discs()
    probability, distances = head._truth(ids[None], grid)
    assert probability.shape[1:] == distances.shape[2:] == (64 // grid, 80 // grid)
    groups = head.group(StarOutputs(torch.logit(probability[:, None], 1e-6), distances), (64, 80))
    assert groups.valid.sum() == 4
    found = groups.assignment[0]
    for number in range(1, 5):
        overlaps = [((found == k) & (ids == number)).sum() / ((found == k) | (ids == number)).sum() for k in range(4)]
        assert max(overlaps) > 0.8


def test_ignored_pixels_teach_nothing_and_a_training_learns_one_image():
    pytest.importorskip('stardist')
    torch.manual_seed(0)
    model = build_model(read_config(PEER)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    ids = discs((64, 64))
    image = (ids > 0).float().expand(1, 3, -1, -1)
    sample = special('nothing', 64)
    sample.gt_sem_seg = PixelData(sem_seg=(ids == 0).long()[None])
    sample.gt_instance_map = PixelData(ids=ids[None].int())
    sample.gt_instances = InstanceData(labels=torch.zeros(4, dtype=torch.int64))
    first = last = None
    for _ in range(60):
        total, logged = model.parse_losses(model.loss(image, [sample]))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        first, last = first or total.item(), total.item()
    assert last < 0.5 * first
    assert np.isfinite(last)
    assert set(logged) == {'loss', 'loss_object', 'loss_distance'}


@pytest.mark.parametrize('kinds', [('nothing', 'crowd'), ('ignored', 'pixels')])
def test_truth_without_objects_gives_finite_losses(kinds):
    pytest.importorskip('stardist')
    model = build_model(read_config(PEER)).train()
    losses = model.loss(torch.randn(2, 3, 64, 64), [special(kind, 64) for kind in kinds])
    total, _ = model.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)
