"""Grouping by prototypes on crafted embeddings of known instances."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from group_scenes import embed, grid_ids, same_partition, seed_pixels, thing_probability

from mmmaskattn.models.grouping import GroupingOptions, Groups, group_by_prototypes, prototypes, seeds

OPTIONS = GroupingOptions()


def group(ids, options=OPTIONS, noise=0.05, **maps) -> Groups:
    inputs = dict(embeddings=embed(ids, noise), seed_map=seed_pixels(ids), p_thing=thing_probability(ids))
    return group_by_prototypes(**{**inputs, **maps}, options=options)


def with_blocks(*blocks, size=(32, 40)):
    """Id map (1, H, W) of rectangles (top, left, bottom, right)."""
    ids = torch.zeros(1, *size, dtype=torch.long)
    for number, (top, left, bottom, right) in enumerate(blocks, start=1):
        ids[0, top:bottom, left:right] = number
    return ids


@pytest.mark.parametrize('gap', [0, 1], ids=['touching', 'apart'])
@pytest.mark.parametrize('iterations', [0, 2])
def test_instances_are_recovered_exactly(gap, iterations):
    ids = grid_ids(64, 6, gap)
    groups = group(ids, dataclasses.replace(OPTIONS, iterations=iterations))
    assert int(groups.valid.sum()) == 36
    assert same_partition(groups.assignment[0], ids[0])


def test_slots_are_ordered_by_score():
    ids = with_blocks((2, 2, 8, 8), (2, 12, 8, 20), (12, 2, 20, 30))
    groups = group(ids)
    assert groups.seed_scores[0].tolist() == sorted(groups.seed_scores[0].tolist(), reverse=True)
    assert [int(groups.assignment[0][ids[0] == number].unique()) for number in (3, 2, 1)] == [0, 1, 2]


def test_equal_scores_are_ordered_by_the_pixel():
    ids = grid_ids(32, 4, 1)
    groups = group(ids, seed_map=(seed_pixels(ids) > 0).float() * 0.6)
    first = [int((groups.assignment[0] == slot).flatten().int().argmax()) for slot in range(16)]
    assert first == sorted(first)


def test_two_seeds_on_one_object_make_one_instance():
    ids = with_blocks((2, 2, 20, 20))
    seeds = torch.zeros(1, 32, 40)
    seeds[0, 5, 5], seeds[0, 15, 15] = 0.6, 0.8
    groups = group(ids, seed_map=seeds)
    assert int(groups.valid.sum()) == 1
    assert groups.seed_scores[0].tolist() == pytest.approx([0.8])
    assert same_partition(groups.assignment[0], ids[0])


def test_a_prototype_moves_to_the_mean_of_its_pixels():
    """Seeded at an outlier, an instance misses pixels at first, and finds them when its prototype has moved."""
    ids = with_blocks((2, 2, 30, 38))
    embeddings = embed(ids, noise=0.09)
    middle = torch.nn.functional.normalize(embeddings[0, :, ids[0] == 1].mean(1), dim=0)
    cosines = torch.einsum('dhw,d->hw', embeddings[0], middle).masked_fill(ids[0] == 0, 1)
    seeds = torch.zeros(1, 32, 40)
    seeds.view(-1)[int(cosines.argmin())] = 0.9
    found = {}
    for iterations in (0, 2):
        options = GroupingOptions(iterations=iterations)
        found[iterations] = int((group(ids, options, embeddings=embeddings, seed_map=seeds).assignment == 0).sum())
    reachable = int(((cosines > OPTIONS.similarity) & (ids[0] == 1)).sum())
    assert found[0] < reachable
    assert found[2] == reachable


def test_one_pixel_instances_count_if_the_least_area_allows():
    ids = with_blocks((5, 5, 6, 6), (10, 10, 20, 20))
    assert int(group(ids).valid.sum()) == 1
    assert (group(ids).assignment[0][ids[0] == 1] == -1).all()
    groups = group(ids, GroupingOptions(min_area=1))
    assert int(groups.valid.sum()) == 2
    assert same_partition(groups.assignment[0], ids[0])


def test_an_instance_may_fill_the_image():
    groups = group(torch.ones(1, 16, 16, dtype=torch.long))
    assert groups.valid.tolist() == [[True]]
    assert (groups.assignment == 0).all()


@pytest.mark.parametrize('missing', ['seeds', 'foreground', 'both', 'similar pixels'])
def test_nothing_to_find_gives_nothing_and_no_nan(missing):
    ids = with_blocks((2, 2, 20, 20))
    maps, options = {}, OPTIONS
    if missing in ('seeds', 'both'):
        maps['seed_map'] = torch.zeros(1, 32, 40)
    if missing in ('foreground', 'both'):
        maps['p_thing'] = torch.zeros(1, 32, 40)
    if missing == 'similar pixels':
        options = GroupingOptions(similarity=1.0)
    groups = group(ids, options, **maps)
    assert groups.valid.shape[1] >= 1
    assert not groups.valid.any()
    assert (groups.assignment == -1).all()
    assert groups.affinity.isfinite().all()
    assert not groups.seed_scores.any()


def test_embeddings_without_length_give_no_nan():
    groups = group(with_blocks((2, 2, 20, 20)), embeddings=torch.zeros(1, 8, 32, 40))
    assert groups.affinity.isfinite().all()
    assert not groups.valid.any()


def test_the_best_of_more_than_k_seeds_are_kept():
    ids = grid_ids(64, 6, 1)
    groups = group(ids, GroupingOptions(max_instances=10))
    assert groups.valid.shape == (1, 10)
    assert groups.valid.all()
    kept = ids[0][groups.assignment[0] >= 0].unique().tolist()
    assert kept == list(range(27, 37))


def test_many_peaks_on_one_object_do_not_crowd_out_another():
    ids = with_blocks((0, 0, 32, 30), (10, 33, 16, 39))
    seeds = torch.zeros(1, 32, 40)
    seeds[0, ::4, :30:4] = 0.9
    seeds[0, 13, 36] = 0.4
    groups = group(ids, GroupingOptions(max_instances=20), seed_map=seeds)
    assert int(groups.valid.sum()) == 2
    assert same_partition(groups.assignment[0], ids[0])


def test_affinity_is_the_cosine_over_the_temperature():
    ids = with_blocks((2, 2, 12, 12), (14, 14, 30, 38))
    hot, cold = (group(ids, GroupingOptions(temperature=tau)).affinity for tau in (0.1, 0.2))
    assert torch.allclose(hot, 2 * cold, atol=1e-5)
    assert float(hot.max()) <= 10.001
    assert float(hot[0, 0][ids[0] == 2].min()) > 8


def mixed_batch():
    """Images with many instances, with one, and with none."""
    ids = torch.cat([grid_ids(48, 5, 1), torch.zeros(1, 48, 48, dtype=torch.long), torch.zeros(1, 48, 48).long()])
    ids[1, 8:30, 4:40] = 1
    return embed(ids), seed_pixels(ids), thing_probability(ids)


def test_results_repeat_bitwise():
    maps = mixed_batch()
    first, second = (group_by_prototypes(*maps, OPTIONS) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, second))


def same_groups(groups: Groups, other: Groups, tolerance=1e-5):
    """Whether two results agree in the slots both have, and the rest holds no instance."""
    shared = min(groups.valid.shape[1], other.valid.shape[1])
    assert torch.equal(groups.assignment, other.assignment)
    assert torch.equal(groups.valid[:, :shared], other.valid[:, :shared])
    assert not groups.valid[:, shared:].any()
    assert not other.valid[:, shared:].any()
    assert torch.equal(groups.seed_scores[:, :shared], other.seed_scores[:, :shared])
    assert torch.allclose(groups.affinity[:, :shared], other.affinity[:, :shared], atol=tolerance)


def test_a_batch_equals_its_images():
    maps = mixed_batch()
    batch = group_by_prototypes(*maps, OPTIONS)
    assert batch.valid.sum(1).tolist() == [25, 1, 0]
    for number in range(3):
        single = group_by_prototypes(*(one[number : number + 1] for one in maps), OPTIONS)
        same_groups(Groups(*(one[number : number + 1] for one in batch)), single)


@pytest.mark.parametrize('iterations', [0, 2])
def test_grouping_the_foreground_alone_is_grouping_all(iterations, monkeypatch):
    """Eager mode leaves out the pixels that may belong to nothing, and slots and seeds that hold nothing."""
    options = GroupingOptions(max_instances=30, iterations=iterations)
    embeddings, seed_map, p_thing = mixed_batch()
    p_thing = p_thing - 0.5 * (torch.rand(p_thing.shape, generator=torch.Generator().manual_seed(3)) > 0.7)
    found = group_by_prototypes(embeddings, seed_map, p_thing, options)
    for module in (prototypes, seeds):
        monkeypatch.setattr(module, 'static_shapes', lambda: True)
    whole = group_by_prototypes(embeddings, seed_map, p_thing, options)
    assert whole.valid.shape == (3, 30)
    assert found.valid.shape == (3, 25)
    same_groups(found, whole, tolerance=1e-4)


class Exported(torch.nn.Module):
    def forward(self, embeddings, seed_map, p_thing):
        return tuple(group_by_prototypes(embeddings, seed_map, p_thing, GroupingOptions(max_instances=30)))


def test_the_exported_graph_says_the_same():
    """Exported on an image without seeds: nothing of it may be frozen into the graph."""
    maps = mixed_batch()
    program = torch.export.export(Exported(), tuple(torch.zeros_like(one[:1]) for one in maps))
    for number in range(3):
        image = tuple(one[number : number + 1] for one in maps)
        groups = Groups(*program.module()(*image))
        assert groups.valid.shape == (1, 30)
        same_groups(groups, Groups(*Exported()(*image)))


def test_the_exported_graph_has_a_fixed_form():
    """Neither control flow nor an operator whose output's size depends on values, nor one that ONNX lacks."""
    maps = mixed_batch()
    program = torch.export.export(Exported(), tuple(one[:1] for one in maps)).run_decompositions()
    names = {str(node.target) for node in program.graph.nodes if node.op == 'call_function'}
    banned = (
        'nonzero',
        'unique',
        'masked_select',
        'sort',
        'scatter',
        'index_put',
        'aten._local_scalar',
        'cond',
        'while',
    )
    assert 'aten.bmm.default' in names or 'aten.baddbmm.default' in names
    assert not [name for name in names if any(word in name for word in banned)]


def test_gradients_do_not_flow():
    ids = with_blocks((2, 2, 20, 20))
    groups = group(ids, embeddings=embed(ids).requires_grad_())
    assert not any(one.requires_grad for one in groups)


@pytest.mark.parametrize('shape', [(1, 16, 17), (2, 16, 16)])
def test_maps_that_do_not_agree_are_refused(shape):
    with pytest.raises(ValueError, match=r'expected \(B, D, H, W\)'):
        group_by_prototypes(torch.zeros(1, 4, 16, 16), torch.zeros(shape), torch.zeros(1, 16, 16), OPTIONS)
