from __future__ import annotations

import torch

from mmmaskattn.models.grouping import groups_of_map, soft_masks


def test_slots_with_pixels_are_valid_and_hard():
    assignment = torch.tensor([[[0, 0, -1], [2, 2, -1]], [[-1, -1, -1], [-1, -1, -1]]])
    groups = groups_of_map(assignment, 4)
    assert groups.valid.tolist() == [[True, False, True, False], [False] * 4]
    assert groups.seed_scores.tolist() == [[1, 0, 1, 0], [0] * 4]
    masks = soft_masks(groups, torch.ones(2, 2, 3))
    assert masks[0, 0].tolist() == [[1, 1, 0.5], [0, 0, 0.5]]
    assert not masks[1].any()
    assert torch.equal(groups.assignment, assignment)


def test_scores_given_are_kept_where_valid():
    assignment = torch.tensor([[[0, -1]]])
    assert groups_of_map(assignment, 2, torch.tensor([[0.25, 0.75]])).seed_scores.tolist() == [[0.25, 0]]
