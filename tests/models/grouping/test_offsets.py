"""Grouping by votes on crafted offset fields."""

from __future__ import annotations

import pytest
import torch
from group_scenes import grid_ids, same_partition, thing_probability

from mmmaskattn.models.grouping import GroupingOptions, Groups, group_by_offsets

OPTIONS = GroupingOptions(seed_threshold=0.3)


def votes(ids, noise=0.0):
    """Offsets to the rounded centre of mass of each instance, and the map of those centres, of ids (1, H, W)."""
    height, width = ids.shape[1:]
    pixels = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing='xy')).float()
    offsets, centres = torch.zeros(1, 2, height, width), torch.zeros(1, height, width)
    for number in range(1, int(ids.max()) + 1):
        inside = ids[0] == number
        centre = pixels[:, inside].mean(1).round()
        offsets[0, :, inside] = centre[:, None] - pixels[:, inside]
        centres[0, int(centre[1]), int(centre[0])] = 0.5 + 0.4 * number / int(ids.max())
    return offsets + noise * torch.randn(offsets.shape, generator=torch.Generator().manual_seed(0)), centres


@pytest.mark.parametrize('noise', [0, 1])
def test_touching_instances_are_recovered(noise):
    ids = grid_ids(60, 5)
    groups = group_by_offsets(*votes(ids, noise), thing_probability(ids), OPTIONS)
    assert int(groups.valid.sum()) == 25
    assert same_partition(groups.assignment[0], ids[0])
    assert groups.seed_scores[0].tolist() == sorted(groups.seed_scores[0].tolist(), reverse=True)


def test_affinity_is_the_log_of_a_gaussian_around_the_centre():
    offsets = torch.zeros(1, 2, 9, 12)
    centres = torch.zeros(1, 9, 12)
    centres[0, 4, 7] = 0.9
    options = GroupingOptions(vote_sigma=2.0)
    groups = group_by_offsets(offsets, centres, torch.ones(1, 9, 12), options)
    assert float(groups.affinity[0, 0, 4, 7]) == 0
    assert float(groups.affinity[0, 0, 4, 3]) == pytest.approx(-(4**2) / 8)
    assert float(groups.affinity[0, 0, 1, 11]) == pytest.approx(-(4**2 + 3**2) / 8)


def test_x_comes_before_y():
    offsets = torch.zeros(1, 2, 16, 16)
    offsets[0, 0] = 8
    centres = torch.zeros(1, 16, 16)
    centres[0, 4, 12], centres[0, 12, 4] = 0.9, 0.8
    groups = group_by_offsets(offsets, centres, torch.ones(1, 16, 16), OPTIONS)
    assert int(groups.assignment[0, 4, 4]) == 0


def test_wild_offsets_never_go_to_an_empty_slot():
    centres = torch.zeros(2, 8, 8)
    centres[0, 2, 2], centres[0, 6, 6], centres[1, 4, 4] = 0.9, 0.8, 0.9
    groups = group_by_offsets(torch.full((2, 2, 8, 8), 1e12), centres, torch.ones(2, 8, 8), OPTIONS)
    assert (groups.assignment[1] == 0).all()
    assert groups.affinity.isfinite().all()


def test_nothing_to_find():
    groups = group_by_offsets(torch.zeros(1, 2, 8, 8), torch.zeros(1, 8, 8), torch.ones(1, 8, 8), OPTIONS)
    assert not groups.valid.any()
    assert (groups.assignment == -1).all()
    assert groups.affinity.isfinite().all()


def test_a_batch_equals_its_images_and_repeats():
    maps = [(*votes(ids, 1), thing_probability(ids)) for ids in (grid_ids(60, 5), grid_ids(60, 2, 1))]
    batch = group_by_offsets(*(torch.cat(both) for both in zip(*maps)), OPTIONS)
    again = group_by_offsets(*(torch.cat(both) for both in zip(*maps)), OPTIONS)
    assert all(torch.equal(one, other) for one, other in zip(batch, again))
    for number, of_image in enumerate(maps):
        single = group_by_offsets(*of_image, OPTIONS)
        shared = single.valid.shape[1]
        assert torch.equal(batch.assignment[number], single.assignment[0])
        assert torch.equal(batch.affinity[number, :shared], single.affinity[0])
        assert not batch.valid[number, shared:].any()


class Exported(torch.nn.Module):
    def forward(self, offsets, centres, p_thing):
        return tuple(group_by_offsets(offsets, centres, p_thing, GroupingOptions(max_instances=30)))


def test_the_exported_graph_says_the_same():
    ids = grid_ids(60, 5)
    maps = (*votes(ids, 1), thing_probability(ids))
    program = torch.export.export(Exported(), tuple(torch.zeros_like(one) for one in maps))
    groups, eager = Groups(*program.module()(*maps)), Groups(*Exported()(*maps))
    assert groups.valid.shape == (1, 30)
    assert torch.equal(groups.assignment, eager.assignment)
    assert torch.allclose(groups.affinity[:, :25], eager.affinity, atol=1e-5)


def test_offsets_need_two_channels():
    with pytest.raises(ValueError, match='expected 2, dx and dy'):
        group_by_offsets(torch.zeros(1, 3, 8, 8), torch.zeros(1, 8, 8), torch.zeros(1, 8, 8), OPTIONS)
