from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.grouping.groups import MOST_ORDERED, ordered_top


@pytest.mark.parametrize('count', [1, 40, 500, 900])
def test_order_is_that_of_a_stable_sort(count):
    torch.manual_seed(0)
    values = (torch.rand(3, 500) * 12).round() / 12
    top, index = ordered_top(values, count)
    expected = values.sort(dim=1, descending=True, stable=True)
    assert torch.equal(top, expected.values[:, :count])
    assert torch.equal(index, expected.indices[:, :count])


def test_neighbouring_float32_values_are_told_apart():
    values = torch.tensor([[0.7, 0.3, 0.7 + 6e-8, 0.3 + 3e-8, 1.0, 0.0, 1e-6, 2e-6]])
    assert ordered_top(values, 8)[1].tolist() == [[4, 2, 0, 3, 1, 7, 6, 5]]


def test_too_many_values_are_refused():
    with pytest.raises(ValueError, match='at most'):
        ordered_top(torch.zeros(1).expand(1, MOST_ORDERED + 1), 1)
