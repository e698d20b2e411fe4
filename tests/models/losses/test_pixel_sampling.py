from __future__ import annotations

import pytest
import torch
from instance_maps import filled, one_pixel_map, random_map, touching_map

from mmmaskattn.models.losses import sample_pixels


def near_another_id(instance_map: torch.Tensor) -> torch.Tensor:
    """A plain loop over windows."""
    height, width = instance_map.shape
    near = torch.zeros(height, width, dtype=torch.bool)
    for y in range(height):
        for x in range(width):
            window = instance_map[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
            near[y, x] = ((window >= 0) & (window != instance_map[y, x])).any()
    return near


def drawn_of(sample, image: int, number: int) -> list[int]:
    return sample.index[image][sample.ids[image] == number].tolist()


@pytest.mark.parametrize('share', [0.0, 0.3, 1.0])
def test_every_id_gives_its_quota_without_repeats(share):
    maps = torch.stack([random_map(seed) for seed in range(4)])
    torch.manual_seed(0)
    sample = sample_pixels(maps, pixels_per_instance=5, background_pixels=9, boundary_share=share)
    assert sample.index.dtype == sample.ids.dtype == torch.int64
    for image, one in enumerate(maps):
        seen = set()
        for number in range(int(one.max()) + 1):
            area = int((one == number).sum())
            drawn = drawn_of(sample, image, number)
            assert len(drawn) == min(area, 5 if number else 9)
            assert set(one.flatten()[drawn].tolist()) <= {number}
            seen |= set(drawn)
        used = sample.ids[image] >= 0
        assert len(seen) == used.sum()
        assert used.tolist() == sorted(used.tolist(), reverse=True)  # padding at the end
    assert sample.ids.shape[1] == (sample.ids >= 0).sum(1).max()


def test_draws_are_uniform_over_an_instance():
    instance_map = filled(0, (8, 8))
    instance_map[2:6, 2:7] = 1
    torch.manual_seed(0)
    sample = sample_pixels(instance_map.expand(4000, -1, -1), pixels_per_instance=5, background_pixels=11)
    counts = torch.bincount(sample.index.flatten(), minlength=64).view(8, 8) / 4000
    # 5 of 20 and 11 of 44 pixels: each with probability 0.25, whose standard error here is 0.007
    assert (counts - 0.25).abs().max() < 0.03


def test_draws_follow_torchs_seed():
    maps = random_map(0)[None]
    torch.manual_seed(1)
    first, other = sample_pixels(maps), sample_pixels(maps)
    torch.manual_seed(1)
    again = sample_pixels(maps)
    assert torch.equal(first.index, again.index)
    assert not torch.equal(first.index, other.index)


def test_of_many_instances_a_random_choice_in_each_image():
    many = torch.arange(48).view(8, 6)  # 47 instances of one pixel
    few = filled(0)
    few[0, :3] = torch.tensor([46, 3, 20])
    torch.manual_seed(0)
    chosen = torch.zeros(48)
    for _ in range(200):
        sample = sample_pixels(torch.stack([many, few]), max_instances=10)
        numbers = sample.ids[0][sample.ids[0] > 0]
        assert len(numbers) == len(numbers.unique()) == 10
        assert sorted(sample.ids[1][sample.ids[1] > 0].tolist()) == [3, 20, 46]
        chosen[numbers] += 1
    assert chosen[1:].min() > 15  # 42.6 expected
    assert chosen[1:].max() < 75


@pytest.mark.parametrize('seed', range(3))
def test_boundary_pixels_come_first(seed):
    instance_map = random_map(seed, size=(40, 40), count=3)
    near = near_another_id(instance_map).flatten()
    torch.manual_seed(seed)
    sample = sample_pixels(instance_map[None], 16, 64, boundary_share=1.0)
    for number in range(int(instance_map.max()) + 1):
        inside = instance_map.flatten() == number
        quota = min(16 if number else 64, int(inside.sum()))
        assert near[drawn_of(sample, 0, number)].sum() == min(quota, int((near & inside).sum()))


def test_the_rest_is_drawn_from_all_pixels_left():
    instance_map = filled(0, (20, 20))
    instance_map[:, 10:] = 1
    near = near_another_id(instance_map).flatten()  # 40 of the 200 pixels of each
    torch.manual_seed(0)
    sample = sample_pixels(instance_map.expand(500, -1, -1), 20, 20, boundary_share=0.5)
    assert (sample.ids >= 0).all()
    on_boundary = near[sample.index].float().mean() * 20
    expected = 10 + 10 * (40 - 10) / (200 - 10)
    assert abs(float(on_boundary) - expected) < 0.1


def test_ignore_makes_no_boundary():
    instance_map = filled(1, (20, 20))
    instance_map[:, :10] = -1
    torch.manual_seed(0)
    sample = sample_pixels(instance_map.expand(200, -1, -1), 10, boundary_share=1.0)
    columns = sample.index % 20
    assert columns.min() == 10
    assert abs(float(columns.float().mean()) - 14.5) < 0.3


@pytest.mark.parametrize('share', [0.0, 0.5])
def test_edge_cases(share):
    maps = torch.stack([filled(-1), filled(0), filled(1), touching_map(), one_pixel_map()])
    sample = sample_pixels(maps, 4, 10, boundary_share=share)
    numbers = [sorted(row[row >= 0].tolist()) for row in sample.ids]
    assert numbers == [[], [0] * 10, [1] * 4, [1] * 4 + [2] * 4, [0] * 10 + [1, 2, 3]]
    assert sample_pixels(filled(-1)[None], boundary_share=share).index.shape == (1, 0)
    assert sample_pixels(filled(0)[None], background_pixels=0, boundary_share=share).index.shape == (1, 0)


@pytest.mark.parametrize(('quota', 'share', 'first'), [(7, 0.25, 2), (9, 0.25, 2), (11, 0.25, 3), (20, 0.3, 6)])
def test_the_boundarys_quota_is_its_share_in_whole_pixels(quota, share, first):
    """Of instances and of the background alike; the rest comes from all pixels left, here seldom from the boundary."""
    instance_map = filled(0, (64, 64))
    instance_map[:, 32:] = 1
    near = near_another_id(instance_map).flatten()  # 128 of the 2048 pixels of each
    torch.manual_seed(0)
    sample = sample_pixels(instance_map.expand(300, -1, -1), quota, quota, boundary_share=share)
    for number in (0, 1):
        of_number = sample.ids == number
        assert (of_number.sum(1) == quota).all()
        on_boundary = (near[sample.index] & of_number).sum(1)
        assert on_boundary.min() == first
