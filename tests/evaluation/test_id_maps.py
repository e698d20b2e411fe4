"""Truth as one map of instances scores as truth in mmdet's masks does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from scored_samples import META, VOID, disturbed, evaluate, random_ids, truth, with_instances, with_panoptic

from mmmaskattn.evaluation import InstanceAP, PanopticQuality
from mmmaskattn.evaluation.classes import class_kinds
from mmmaskattn.evaluation.id_maps import true_segments

CROWDS = (2, 5)


def sample_pair(seed: int) -> list:
    """One image of overlapping segments, crowds of a thing and of stuff among them, predicted with faults."""
    rng = np.random.default_rng(seed)
    ids, labels = random_ids(rng, 7), rng.integers(0, VOID, 7).tolist()
    guess, guessed = disturbed(rng, ids, labels)
    kept = [k for k in range(1, len(guessed) + 1) if (guess == k).any() and guessed[k - 1] < 3]
    scores = rng.random(len(kept)).tolist()
    pair = []
    for masks in (False, True):
        sample = with_panoptic(truth(ids, labels, CROWDS, img_id=seed, masks=masks), guess, guessed)
        pair.append(with_instances(sample, [guess == k for k in kept], [guessed[k - 1] for k in kept], scores))
    return pair


@pytest.mark.parametrize('metric', [PanopticQuality, InstanceAP])
def test_figures_are_equal_to_the_last_bit(metric):
    pairs = [sample_pair(seed) for seed in range(12)]
    ours, theirs = ([pair[which] for pair in pairs] for which in (0, 1))
    assert 'gt_instance_map' in ours[0]
    assert 'masks' in theirs[0].gt_instances
    figures = evaluate(metric(classwise=True), ours)
    assert figures == evaluate(metric(classwise=True), theirs)
    assert 0 < next(iter(figures.values())) < 100


@pytest.mark.parametrize('seed', range(4))
def test_segments_are_those_drawn(seed):
    rng = np.random.default_rng(seed)
    ids, labels = random_ids(rng, 7), rng.integers(0, VOID, 7).tolist()
    for masks in (False, True):
        found = true_segments(truth(ids, labels, CROWDS, masks=masks).to_dict(), class_kinds(META))
        things = [label < 3 for label in labels]
        for k in np.unique(ids[ids > 0]).tolist():
            (number,) = np.unique(found.ids[ids == k])
            assert found.labels[number] == labels[k - 1]
            assert found.crowds[number] == (k in CROWDS)
            if things[k - 1] or k in CROWDS:
                assert np.array_equal(found.ids == number, ids == k)
        assert (found.ids[ids == 0] == 0).all()


def test_map_of_another_size_is_named():
    sample, _ = sample_pair(0)
    sample.gt_instance_map = PixelData(ids=torch.zeros(1, 3, 4, dtype=torch.int16))
    with pytest.raises(ValueError, match=r'0\.png.*\(3, 4\).*\(24, 30\)'):
        evaluate(PanopticQuality(), [sample])
