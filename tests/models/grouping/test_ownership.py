from __future__ import annotations

import math

import torch

from mmmaskattn.models.grouping.prototypes import assign_pixels, best_value_where, one_hot, unassign_invalid


def test_settle_is_argmax_with_ties_to_the_lowest_slot():
    torch.manual_seed(0)
    values = torch.randn(2, 7, 200).mul(2).round()
    wanted = torch.rand(2, 200) > 0.3
    everyone = torch.ones(2, 7, dtype=torch.bool)
    owners, valid = assign_pixels(values, best_value_where(values, wanted), everyone, min_area=1)
    expected = (values == values.amax(1, keepdim=True)).int().argmax(1)
    assert torch.equal(owners, torch.where(wanted, expected, -1))
    assert torch.equal(valid, one_hot(owners, 7).sum(2) > 0)


def test_slots_with_too_few_pixels_lose_them():
    values = torch.tensor([[[9.0, 0, 0, 0], [1, 1, 1, 1]]])
    owners, valid = assign_pixels(values, values.amax(1), torch.ones(1, 2, dtype=torch.bool), min_area=2)
    assert owners.tolist() == [[-1, 1, 1, 1]]
    assert valid.tolist() == [[False, True]]


def test_a_tied_pixel_counts_for_one_slot_only():
    values = torch.zeros(1, 3, 4)
    owners, valid = assign_pixels(values, values.amax(1), torch.ones(1, 3, dtype=torch.bool), min_area=1)
    assert owners.tolist() == [[0, 0, 0, 0]]
    assert valid.tolist() == [[True, False, False]]


def test_no_pixel_wanted():
    values = torch.zeros(1, 3, 4)
    owners, valid = assign_pixels(values, torch.full((1, 4), math.inf), torch.ones(1, 3, dtype=torch.bool), min_area=1)
    assert (owners == -1).all()
    assert not valid.any()


def test_one_hot_leaves_out_none():
    assert one_hot(torch.tensor([[0, -1, 2]]), 3).tolist() == [[[1, 0, 0], [0, 0, 0], [0, 0, 1]]]


def test_release():
    freed = unassign_invalid(torch.tensor([[0, 1, -1, 1]]), torch.tensor([[False, True]]))
    assert freed.tolist() == [[-1, 1, -1, 1]]
