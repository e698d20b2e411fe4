from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.dense_heads.segment_head import PixelBranch, places_like


def test_places_are_the_centres_of_the_pixels():
    places = places_like(torch.zeros(2, 3, 2, 4))
    assert places.shape == (1, 2, 2, 4)
    torch.testing.assert_close(places[0, 0, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(places[0, 1, :, 0], torch.tensor([-0.5, 0.5]))


@pytest.mark.parametrize(
    ('upsample', 'given', 'size', 'wanted'),
    [
        (1, (9, 7), (9, 7), (9, 7)),
        (2, (9, 7), (17, 13), (17, 13)),
        (1, (9, 7), (17, 13), (9, 7)),
        (1, (8, 8), (32, 32), (8, 8)),
        (2, (9, 8), (33, 32), (17, 16)),
        (4, (9, 8), (33, 31), (33, 31)),
    ],
)
@pytest.mark.parametrize('hidden', [0, 6])
def test_the_map_has_upsample_times_the_features_size(upsample, given, size, wanted, hidden):
    branch = PixelBranch(4, hidden, 5, upsample, coordinates=True)
    assert branch(torch.rand(2, 4, *given), size).shape == (2, 5, *wanted)


@pytest.mark.parametrize(('upsample', 'given'), [(2, (32, 32)), (3, (8, 8)), (8, (8, 8))])
def test_no_more_pixels_than_the_input_has(upsample, given):
    with pytest.raises(ValueError, match=f'upsample is {upsample}.*cells of {32 // given[0]} pixels'):
        PixelBranch(1, 0, 2, upsample)(torch.zeros(1, 1, *given), (32, 32))


@pytest.mark.parametrize('separable', [False, True])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_coordinates_are_two_more_channels_of_the_input(layout, separable):
    """Their part of the first convolution is computed apart."""
    torch.manual_seed(0)
    branch = PixelBranch(4, 6, 5, coordinates=True, separable=separable).to(memory_format=layout)
    x = torch.rand(2, 4, 9, 7).contiguous(memory_format=layout)
    together = torch.cat([x, places_like(x).expand(2, -1, -1, -1)], 1)
    expected = branch.out(torch.nn.functional.gelu(branch.mix(branch.hidden(together))))
    torch.testing.assert_close(branch(x, (9, 7)), expected)


def test_a_separable_branch_mixes_channels_by_its_1x1_convolutions_only():
    branch = PixelBranch(4, 6, 5, separable=True, act_cfg=dict(type='HSwish'))
    assert branch.hidden.weight.shape == (4, 1, 3, 3)
    assert branch.mix.weight.shape == (6, 4, 1, 1)
    assert isinstance(branch.activate, torch.nn.Hardswish)


def test_each_pixel_of_a_cell_has_its_own_weights():
    """Pixel shuffle: channel c u^2 + i u + j of the coarse map becomes pixel (i, j) of the cell in channel c."""
    branch = PixelBranch(1, 0, 2, upsample=2)
    with torch.no_grad():
        branch.out.weight.zero_()
        branch.out.bias.copy_(torch.arange(8.0))
    cell = branch(torch.zeros(1, 1, 1, 1), (2, 2))[0]
    assert cell.tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
