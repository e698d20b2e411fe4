from __future__ import annotations

import math

import pytest
import torch
from instance_maps import filled, one_pixel_map, random_map, touching_map

from mmmaskattn.datasets.transforms.find_seeds import find_seeds
from mmmaskattn.models.losses import seed_heatmap


def seeds_of(maps):
    """What the training pipeline gives: points and radii of the instances of each map."""
    found = [find_seeds(one.clamp(min=0).numpy(), max(0, int(one.max()))) for one in maps]
    return [torch.from_numpy(points) for points, _ in found], [torch.from_numpy(radii) for _, radii in found]


def plain_heatmap(points, radii, maps):
    heat = torch.zeros(maps.shape)
    for b, y, x in maps.clamp(min=0).nonzero().tolist():
        k = int(maps[b, y, x]) - 1
        (px, py), sigma = points[b][k].tolist(), max(float(radii[b][k]) / 3, 0.7)
        heat[b, y, x] = math.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2))
    return heat


def test_equals_a_loop_over_pixels():
    maps = torch.stack([random_map(0), filled(0, (24, 20)), random_map(1), filled(-1, (24, 20)), random_map(2)])
    points, radii = seeds_of(maps)
    assert len({len(one) for one in points}) > 2
    heat = seed_heatmap(points, radii, maps)
    assert heat.shape == maps.shape
    assert torch.allclose(heat, plain_heatmap(points, radii, maps), atol=1e-6)


def test_is_one_on_the_seeds_alone():
    maps = torch.stack([random_map(seed, (60, 60), count=12) for seed in range(4)])
    points, radii = seeds_of(maps)
    heat = seed_heatmap(points, radii, maps)
    for one, seeds in zip(heat, points):
        peaks = {(x, y) for y, x in (one == 1).nonzero().tolist()}
        assert peaks == {(int(x), int(y)) for x, y in seeds}


def test_touching_instances_keep_apart():
    maps = touching_map()[None]
    heat = seed_heatmap(*seeds_of(maps), maps)[0]
    assert (heat == 1).sum() == 2
    assert heat.min() > 0  # drawn to the edge of its own mask, and cut there
    alone = seed_heatmap(*seeds_of(maps.clamp(max=1) * (maps == 1)), maps * (maps == 1))[0]
    assert torch.equal(alone[:, :3], heat[:, :3])
    assert not alone[:, 3:].any()


def test_one_pixel_instances_and_one_that_fills_the_image():
    maps = torch.stack([one_pixel_map(), filled(1)])
    heat = seed_heatmap(*seeds_of(maps), maps)
    assert torch.equal(heat[0], (maps[0] > 0).float())
    assert (heat[1] == 1).sum() == 1


def test_no_instance_in_the_batch():
    maps = torch.stack([filled(0), filled(-1)])
    assert not seed_heatmap(*seeds_of(maps), maps).any()


def test_a_point_off_its_instance_moves_to_the_nearest_of_its_pixels():
    """A centre of mass: fractional, and of a ring outside the ring."""
    ring = filled(0, (9, 9))
    ring[1:8, 1:8] = 1
    ring[3:6, 3:7] = 0  # thicker to the left than to the right
    heat = seed_heatmap([torch.tensor([[5.3, 4.2]])], [torch.tensor([2.0])], ring[None])[0]
    assert (heat == 1).nonzero().tolist() == [[4, 7]]
    square = filled(0, (4, 4))
    square[1:3, 1:3] = 1
    heat = seed_heatmap([torch.tensor([[1.5, 1.5]])], [torch.tensor([1.0])], square[None])[0]
    assert (heat == 1).nonzero().tolist() == [[1, 1]]


@pytest.mark.parametrize('lengths', [(1, 1), (2, 1), (0, 0)])
def test_missing_seeds_are_reported(lengths):
    points, radii = [torch.zeros(lengths[0], 2)], [torch.ones(lengths[1])]
    with pytest.raises(ValueError, match=rf'\[{lengths[0]}\] points and \[{lengths[1]}\] radii .* \[2\].*FindSeeds'):
        seed_heatmap(points, radii, touching_map()[None])
