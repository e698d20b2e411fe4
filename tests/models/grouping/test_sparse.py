"""Grouping at the pixels that matter gives what grouping of whole maps gives."""

from __future__ import annotations

import pytest
import torch
from group_scenes import embed, grid_ids, seed_pixels
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_prediction import exclusive_owners
from mmmaskattn.models.grouping import (
    GroupingOptions,
    class_probabilities,
    group_by_prototypes,
    group_means,
    instance_scores,
    soft_masks,
)
from mmmaskattn.models.grouping.scores import greatest_at
from mmmaskattn.models.grouping.sparse import (
    INSIDE,
    Rows,
    group_sparsely,
    near_things,
    owners_at,
    soft_rows,
    sparse_means,
    sparse_scores,
)

OPTIONS = GroupingOptions(max_instances=30, min_area=9)


def scene(gap: int = 2):
    """25 objects, one of them without foreground, on a map of 40 x 40."""
    ids = grid_ids(40, 5, gap)
    noise = torch.rand(ids.shape, generator=torch.Generator().manual_seed(0))
    p_thing = torch.where(ids > 0, 0.7 + 0.3 * noise, 0.3 * noise)
    p_thing[:, :8, :8] *= 0.4  # a seed, but no foreground
    return embed(ids, 0.08), seed_pixels(ids) * p_thing, p_thing


def sparse(embeddings, seed_map, p_thing, fine):
    grid, size = p_thing.shape[1:], fine.shape[1:]
    rows = Rows.where(near_things(fine[0], min(INSIDE, OPTIONS.foreground)))
    grouped = rows if grid == size else Rows.where(torch.ones(grid, dtype=torch.bool))
    return rows, group_sparsely(embeddings, seed_map, p_thing, grouped, OPTIONS)


@pytest.mark.parametrize('size', [(40, 40), (79, 77)], ids=['of pixels', 'of cells that reach over'])
@pytest.mark.parametrize('wanted', [(40, 40), (101, 64), (23, 130)])
def test_owners_are_those_of_whole_maps(size, wanted):
    maps = scene()
    p_thing = maps[2]
    fine = p_thing if size == (40, 40) else F.interpolate(p_thing[None], size=(80, 80), mode='bilinear')[0, :, :79, :77]
    whole = group_by_prototypes(*maps, OPTIONS)
    soft = soft_masks(whole, fine)[0]
    expected = exclusive_owners(soft, wanted)
    rows, groups = sparse(*maps, fine)
    inside = F.interpolate(fine[None], wanted, mode='bilinear')[0, 0] > INSIDE
    owners, which, values = owners_at(soft_rows(groups, (40, 40), fine, rows), rows, fine, inside)
    assert groups.valid.tolist() == whole.valid[0].tolist()
    assert int(groups.valid.sum()) == 24
    assert (owners == expected).float().mean() > 0.999
    assert torch.equal(owners >= 0, inside)
    assert torch.equal(which[inside], owners[inside])
    torch.testing.assert_close(values[inside], greatest_at(soft, wanted).values[inside])
    assert not values[~inside].any()


@pytest.mark.parametrize('side', [1, 2])
def test_scores_are_those_of_whole_maps(side):
    maps = scene()
    rng = torch.Generator().manual_seed(1)
    features = torch.rand(1, 6, 40 // side, 40 // side, generator=rng) / 3
    whole = group_by_prototypes(*maps, OPTIONS)
    logits = torch.randn(whole.valid.shape[1], 4, generator=rng)
    found = class_probabilities(logits[None], group_means(features, whole)[..., 3:])
    expected = instance_scores(whole, found, maps[2])[0]
    _, groups = sparse(*maps, maps[2])
    means = sparse_means(features, groups, (40, 40), maps[2])
    assert (expected > 0).sum() > 60
    torch.testing.assert_close(means[:, :6], group_means(features, whole)[0])
    torch.testing.assert_close(sparse_scores(groups, means[:, 3:], logits, 3), expected)


def test_a_picture_without_seeds_has_one_empty_slot():
    embeddings, seed_map, p_thing = scene()
    rows, groups = sparse(embeddings, seed_map * 0, p_thing, p_thing)
    assert groups.valid.tolist() == [False]
    owners, _, _ = owners_at(soft_rows(groups, (40, 40), p_thing, rows), rows, p_thing, p_thing[0] > 2)
    assert (owners == -1).all()
