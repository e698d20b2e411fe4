"""Scores, against direct sums over pixels and on instances of known quality."""

from __future__ import annotations

import pytest
import torch
from group_scenes import embed, grid_ids, seed_pixels, thing_probability

from mmmaskattn.models.grouping import (
    GroupingOptions,
    Groups,
    class_probabilities,
    group_by_prototypes,
    group_means,
    groups_of_map,
    instance_scores,
    slot_means,
    soft_masks,
    top_instances,
)


def groups_of(ids=None, noise=0.05) -> tuple[Groups, torch.Tensor]:
    ids = torch.cat([grid_ids(30, 3, 1), torch.zeros(1, 30, 30, dtype=torch.long)]) if ids is None else ids
    p_thing = thing_probability(ids) - 0.05 * torch.rand(ids.shape, generator=torch.Generator().manual_seed(1))
    return group_by_prototypes(embed(ids, noise), seed_pixels(ids), p_thing, GroupingOptions()), p_thing


def scattered(features, groups) -> torch.Tensor:
    return slot_means(features, groups.assignment, groups.valid.shape[1])


@pytest.mark.parametrize('means', [group_means, scattered])
def test_pooling_is_the_mean_over_each_mask(means):
    groups, _ = groups_of()
    features = torch.randn(2, 5, 30, 30, dtype=torch.float)
    pooled = means(features, groups)
    assert pooled.shape == (2, 9, 5)
    for slot in range(9):
        expected = features[0, :, groups.assignment[0] == slot].mean(1)
        assert torch.allclose(pooled[0, slot], expected, atol=1e-5)
    assert not pooled[1].any()


@pytest.mark.parametrize('means', [group_means, scattered])
def test_gradients_of_pooling_reach_the_pixels_of_masks_only(means):
    groups, _ = groups_of()
    features = torch.randn(2, 5, 30, 30, requires_grad=True)
    means(features, groups).sum().backward()
    assert torch.equal((features.grad != 0).any(1), groups.assignment >= 0)


@pytest.mark.parametrize('means', [group_means, scattered])
@pytest.mark.parametrize(('side', 'size'), [(2, (15, 15)), (4, (8, 8))])
def test_coarse_features_are_pooled_as_if_repeated(means, side, size):
    groups, _ = groups_of()
    features = torch.randn(2, 5, *size, generator=torch.Generator().manual_seed(0), requires_grad=True)
    repeated = features.repeat_interleave(side, 2).repeat_interleave(side, 3)[:, :, :30, :30]
    found, expected = means(features, groups), means(repeated, groups)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(found)
    (gradient,) = torch.autograd.grad((found * weights).sum(), features)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), features)
    torch.testing.assert_close(gradient, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('means', [group_means, scattered])
def test_features_that_do_not_lie_over_the_masks_are_refused(means):
    groups, _ = groups_of()
    with pytest.raises(ValueError, match=r'features are \(11, 11\), the map of slots \(30, 30\)'):
        means(torch.zeros(2, 5, 11, 11), groups)


def test_classes_are_the_normalised_geometric_mean():
    logits, votes = torch.tensor([[[2.0, 0, 1]]]), torch.tensor([[[0.6, 0.3]]])
    probability = logits.softmax(2)[0, 0]
    weights = torch.stack([probability[0] * 0.6, probability[1] * 0.3, probability[2] * 0.1]).sqrt()
    found = class_probabilities(logits, votes)
    assert found[0, 0].tolist() == pytest.approx((weights / weights.sum())[:2].tolist(), rel=1e-5)


def test_no_object_lowers_the_things():
    votes = torch.tensor([[[0.6, 0.2]]])
    sure, none = (class_probabilities(torch.tensor([[[1.0, 0, nothing]]]), votes).sum() for nothing in (-9, 9))
    assert float(sure) > 0.95
    assert float(none) < 0.1


def test_without_a_classifier_the_pixels_decide():
    votes = torch.tensor([[[0.6, 0.2], [0, 0]]])
    assert class_probabilities(None, votes)[0].tolist() == [pytest.approx([0.75, 0.25]), [0, 0]]


def test_extreme_logits_and_votes_give_no_nan():
    found = class_probabilities(torch.tensor([[[100.0, -100, -100]]]), torch.tensor([[[0.0, 1]]]))
    assert found.isfinite().all()


def test_score_is_the_product_of_its_factors():
    groups, p_thing = groups_of(noise=0.07)
    classes = torch.rand(2, 9, 4)
    scores = instance_scores(groups, classes, p_thing)
    posterior = groups.affinity.softmax(1)
    assert groups.valid[0].all()
    for slot in range(9):
        mask = groups.assignment[0] == slot
        quality = posterior[0, slot][mask].mean() * p_thing[0][mask].mean()
        certainty = groups.seed_scores[0, slot].sqrt() * quality**2
        assert torch.allclose(scores[0, slot], certainty * classes[0, slot], rtol=1e-4)
    assert not scores[1].any(), 'the second image has no instance'
    assert 0 < float(scores.max()) <= 1


@pytest.mark.parametrize('flaw', ['seed', 'class', 'border', 'background'])
def test_each_flaw_lowers_the_rank(flaw):
    """Of two equal instances the one with a flaw comes second."""
    ids = torch.zeros(1, 24, 48, dtype=torch.long)
    ids[0, 4:20, 4:20], ids[0, 4:20, 28:44] = 1, 2
    embeddings, p_thing, classes = embed(ids, 0.02), thing_probability(ids), torch.full((1, 2, 1), 0.8)
    seeds = (seed_pixels(ids) > 0).float() * 0.7
    if flaw == 'seed':
        seeds[0, :, 28:44] *= 0.8
    if flaw == 'background':
        p_thing[0, :, 28:44] -= 0.2
    if flaw == 'border':
        mixed = embeddings[0, :, 4:20, 36:44] + 0.9 * embeddings[0, :, 4:20, 4:12]
        embeddings[0, :, 4:20, 36:44] = torch.nn.functional.normalize(mixed, dim=0)
    options = GroupingOptions(similarity=0.65, iterations=0, temperature=0.1)
    groups = group_by_prototypes(embeddings, seeds, p_thing, options)
    flawed = int(groups.assignment[0, 12, 30])
    if flaw == 'class':
        classes[0, flawed] = 0.6
    scores, slots, _ = top_instances(instance_scores(groups, classes, p_thing), 2)
    assert slots[0].tolist() == [1 - flawed, flawed]
    assert float(scores[0, 1]) < 0.97 * float(scores[0, 0])


def test_top_instances_rank_pairs_of_slot_and_class():
    scores = torch.tensor([[[0.2, 0.5, 0.1], [0.5, 0.0, 0.4]]])
    values, slots, labels = top_instances(scores, 4)
    assert values[0].tolist() == pytest.approx([0.5, 0.5, 0.4, 0.2])
    assert list(zip(slots[0].tolist(), labels[0].tolist())) == [(0, 1), (1, 0), (1, 2), (0, 0)]
    assert top_instances(scores, 100)[0].shape == (1, 6)
    assert top_instances(scores[:, :0], 100)[0].shape == (1, 0)


def test_soft_masks_share_the_probability_of_a_thing():
    groups, p_thing = groups_of()
    masks = soft_masks(groups, p_thing)
    assert torch.allclose(masks[0].sum(0), p_thing[0], atol=1e-5)
    assert not masks[1].any()
    owned = groups.assignment[0] >= 0
    assert torch.equal(masks[0].argmax(0)[owned], groups.assignment[0][owned])


def test_soft_masks_of_cells_are_enlarged():
    groups, _ = groups_of()
    p_thing = torch.rand(2, 59, 60, generator=torch.Generator().manual_seed(0))
    shares = torch.nn.functional.interpolate(groups.affinity.softmax(1), scale_factor=2, mode='bilinear')[:, :, :59]
    expected = shares * p_thing[:, None] * groups.valid[:, :, None, None]
    torch.testing.assert_close(soft_masks(groups, p_thing), expected)


def test_scores_of_hard_groups():
    groups = groups_of_map(torch.tensor([[[0, 0, 1, -1]]]), 2)
    p_thing = torch.tensor([[[0.8, 0.6, 0.5, 0.1]]])
    scores = instance_scores(groups, torch.ones(1, 2, 1), p_thing)
    assert scores[0, :, 0].tolist() == pytest.approx([0.49, 0.25])
