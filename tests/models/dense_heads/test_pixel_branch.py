from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.dense_heads.segment_head import PixelBranch, fit_to, with_coordinates


def test_coordinates_are_the_centres_of_the_pixels():
    places = with_coordinates(torch.zeros(2, 3, 2, 4))[:, 3:]
    assert places.shape == (2, 2, 2, 4)
    torch.testing.assert_close(places[1, 0, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(places[1, 1, :, 0], torch.tensor([-0.5, 0.5]))


@pytest.mark.parametrize(
    ('upsample', 'given', 'wanted'), [(1, (9, 7), (9, 7)), (2, (9, 7), (17, 13)), (1, (8, 8), (32, 32))]
)
@pytest.mark.parametrize('hidden', [0, 6])
def test_the_map_has_the_size_asked_for(upsample, given, wanted, hidden):
    branch = PixelBranch(4, hidden, 5, upsample, coordinates=True)
    assert branch(torch.rand(2, 4, *given), wanted).shape == (2, 5, *wanted)


def test_each_pixel_of_a_cell_has_its_own_weights():
    """Pixel shuffle: channel c u^2 + i u + j of the coarse map becomes pixel (i, j) of the cell in channel c."""
    branch = PixelBranch(1, 0, 2, upsample=2)
    with torch.no_grad():
        branch.out.weight.zero_()
        branch.out.bias.copy_(torch.arange(8.0))
    cell = branch(torch.zeros(1, 1, 1, 1), (2, 2))[0]
    assert cell.tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_a_few_rows_too_many_are_cut_and_not_resized():
    x = torch.rand(1, 2, 18, 14)
    assert torch.equal(fit_to(x, (17, 13)), x[:, :, :17, :13])
