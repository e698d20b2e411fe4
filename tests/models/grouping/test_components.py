from __future__ import annotations

import numpy as np
import pytest
import torch
from cv2 import connectedComponents
from scipy import ndimage

from mmmaskattn.models.grouping import GroupingOptions, group_by_components


def probabilities(batch=2, classes=5, size=(40, 50), seed=0):
    """Smooth random class probabilities, so that the argmax map has patches of every size."""
    generator = np.random.default_rng(seed)
    logits = ndimage.gaussian_filter(generator.standard_normal((batch, classes, *size)), (0, 0, 2, 2)) * 30
    return torch.from_numpy(logits).float().softmax(1)


@pytest.mark.parametrize('connectivity', [4, 8])
@pytest.mark.parametrize('min_area', [1, 6])
def test_parts_are_those_of_opencv(connectivity, min_area):
    maps = probabilities()
    options = GroupingOptions(max_instances=1000, min_area=min_area, connectivity=connectivity)
    groups = group_by_components(maps, 3, options)
    for number, labels in enumerate(maps.argmax(1).numpy()):
        expected = []
        for label in range(3):
            count, parts = connectedComponents((labels == label).astype(np.uint8), connectivity=connectivity)
            expected += [
                (parts == part, float(maps[number, label].numpy()[parts == part].mean())) for part in range(1, count)
            ]
        expected = [(mask, mean) for mask, mean in expected if mask.sum() >= min_area]
        assert int(groups.valid[number].sum()) == len(expected)
        found = groups.assignment[number].numpy()
        for mask, mean in expected:
            (slot,) = np.unique(found[mask])
            assert slot >= 0
            assert (found == slot).sum() == mask.sum()
            assert float(groups.seed_scores[number, slot]) == pytest.approx(mean, abs=1e-5)
        assert (found >= 0).sum() == sum(mask.sum() for mask, _ in expected)


def test_slots_fall_in_score_and_the_best_are_kept():
    every = group_by_components(probabilities(), 3, GroupingOptions(max_instances=1000))
    few = group_by_components(probabilities(), 3, GroupingOptions(max_instances=4))
    scores = every.seed_scores[0][every.valid[0]].tolist()
    assert scores == sorted(scores, reverse=True)
    assert torch.equal(few.seed_scores, every.seed_scores[:, :4])
    assert torch.equal(few.assignment >= 0, (every.assignment >= 0) & (every.assignment < 4))


def test_affinity_is_hard():
    groups = group_by_components(probabilities(), 3, GroupingOptions(max_instances=6))
    owned = groups.assignment >= 0
    shares = groups.affinity.softmax(1).amax(1)
    assert torch.equal(shares[owned], torch.ones_like(shares[owned]))
    assert torch.equal(groups.affinity.argmax(1)[owned], groups.assignment[owned])


def test_no_thing_and_everything_one_thing():
    one = torch.zeros(2, 3, 8, 8)
    one[0, 2], one[1, 0] = 1, 1
    groups = group_by_components(one, 2, GroupingOptions())
    assert groups.valid.tolist() == [[False], [True]]
    assert (groups.assignment[0] == -1).all()
    assert (groups.assignment[1] == 0).all()
    assert groups.affinity.isfinite().all()


def test_too_few_classes_are_refused():
    with pytest.raises(ValueError, match='num_things=4'):
        group_by_components(torch.zeros(1, 3, 8, 8), 4, GroupingOptions())
