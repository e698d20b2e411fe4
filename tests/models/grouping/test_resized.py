"""The greatest of many maps, taken a few at a time."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmmaskattn.models.grouping import scores
from mmmaskattn.models.grouping.scores import greatest_at, pixels_last, resize_map


def maps(number: int = 7) -> torch.Tensor:
    """Maps of few values, so that many pixels have several greatest maps."""
    return torch.randint(5, (number, 6, 8), generator=torch.Generator().manual_seed(0)).float() / 4


@pytest.mark.parametrize('laid', [lambda x: x, pixels_last])
@pytest.mark.parametrize('size', [(6, 8), (13, 9), (3, 20)])
def test_it_says_what_all_maps_at_once_say(size, laid):
    whole = F.interpolate(laid(maps()[None]), size, mode='bilinear')[0]
    found = greatest_at(laid(maps()[None])[0], size, 0.6)
    assert torch.equal(found.owners, whole.argmax(0))
    assert torch.equal(found.values, whole.amax(0))
    assert torch.equal(found.areas, (whole > 0.6).sum((1, 2)))


@pytest.mark.parametrize('at_a_time', [1, 2, 3, 7, 8])
def test_it_says_the_same_however_many_are_taken_at_a_time(at_a_time, monkeypatch):
    expected = greatest_at(maps(), (6, 8))
    monkeypatch.setattr(scores, 'RESIZED_AT_ONCE', at_a_time * 6 * 8)
    for a, b in zip(greatest_at(maps(), (6, 8)), expected):
        assert torch.equal(a, b)


def test_a_size_beyond_the_limit_takes_one_map_at_a_time(monkeypatch):
    monkeypatch.setattr(scores, 'RESIZED_AT_ONCE', 10)
    assert torch.equal(greatest_at(maps(), (6, 8)).owners, maps().argmax(0))


def test_resizing_nothing_gives_nothing_of_the_size():
    assert resize_map(torch.zeros(0, 4, 4), (5, 6)).shape == (0, 5, 6)


@pytest.mark.parametrize('size', [(513, 700), (130, 4000), (600, 520)])
def test_large_pictures_are_taken_strip_by_strip(size, monkeypatch):
    """Smooth maps, of which few can be the greatest in a strip; equal but for roundings."""
    generator = torch.Generator().manual_seed(0)
    maps = F.interpolate(torch.randn(1, 40, 9, 7, generator=generator), (65, 47), mode='bilinear')[0]
    maps[7] = maps[3]  # of equal ones the first
    found = greatest_at(maps, size)
    monkeypatch.setattr('mmmaskattn.models.grouping.scores.LARGE', size[0] * size[1])
    plain = greatest_at(maps, size)
    torch.testing.assert_close(found.values, plain.values, rtol=0, atol=3e-6)
    different = found.owners != plain.owners
    assert different.float().mean() < 1e-5
    assert not (found.owners == 7).any()
    one_row = greatest_at(maps[:, :1], (1, 2**19))
    assert (one_row.owners == greatest_at(maps[:, :1], (1, 2**18)).owners.repeat_interleave(2)).float().mean() > 0.999
