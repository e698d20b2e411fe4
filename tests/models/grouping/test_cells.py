from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mmmaskattn.models.grouping.cells import cell_side, cells_of, enlarge, on_cells


@pytest.mark.parametrize('size', [(32, 32), (33, 17), (129, 100), (7, 64)])
@pytest.mark.parametrize('side', [1, 2, 4, 8])
def test_the_side_is_told_by_the_shape(side, size):
    shape = cells_of(size, side)
    assert shape == tuple(len(range(0, length, side)) for length in size)
    if min(shape) > 1:
        assert cell_side(shape, size) == side


@pytest.mark.parametrize('shape', [(11, 11), (16, 15), (33, 33)])
def test_other_shapes_are_no_cells(shape):
    assert cell_side(shape, (32, 32)) == 0


def test_a_map_without_cells_is_resized_to_the_pixels():
    x = torch.rand(1, 2, 11, 11)
    assert on_cells(x, (32, 32)).shape == (1, 2, 32, 32)
    assert on_cells(x, (22, 21)) is x


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('side', 'size'), [(1, (9, 7)), (2, (17, 14)), (4, (33, 28))])
def test_cells_keep_their_places_when_enlarged(side, size, layout):
    """A map that rises evenly: away from the border each pixel has the value of its own place, also where cut."""
    height, width = cells_of(size, side)
    rows, columns = ((torch.arange(length) + 0.5) * side - 0.5 for length in (height, width))
    x = (rows[:, None] + 10 * columns).expand(1, 3, -1, -1).contiguous(memory_format=layout)
    found = enlarge(x, size)
    expected = torch.arange(size[0])[:, None] + 10.0 * torch.arange(size[1])
    assert found.shape == (1, 3, *size)
    inner = (..., slice(side, size[0] - side), slice(side, size[1] - side))
    torch.testing.assert_close(found[inner], expected.expand(1, 3, -1, -1)[inner])


def test_a_map_without_cells_is_enlarged_as_a_whole():
    x = torch.rand(1, 2, 11, 9)
    assert torch.equal(enlarge(x, (32, 30)), F.interpolate(x, (32, 30), mode='bilinear'))
