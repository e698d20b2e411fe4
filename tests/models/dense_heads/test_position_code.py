from __future__ import annotations

import math

import pytest
import torch

from mmmaskattn.models.dense_heads.contrastive_instance_head import PositionCode

SIZE = (9, 14)


def raw_of(code: PositionCode, batch: int = 1, scale: float = 1.0, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(batch, code.raw_channels, *SIZE, generator=generator)


def pointing_at(code: PositionCode, x: float, y: float) -> torch.Tensor:
    """Raw channels by which every pixel points at (x, y), all bands of the same weight."""
    raw = torch.zeros(1, code.raw_channels, *SIZE)
    raw[:, 0] = (x - torch.arange(SIZE[1])) / code.step
    raw[:, 1] = (y - torch.arange(SIZE[0]))[:, None] / code.step
    return raw


def cosine_of_places(code: PositionCode, distance: float, angle: float) -> float:
    """Cosine of the embeddings of two pixels that point at places this far apart, in pixels."""
    turn = math.radians(angle)
    here = code(pointing_at(code, 0, 0))[0, :, 0, 0]
    there = code(pointing_at(code, distance * math.cos(turn), distance * math.sin(turn)))[0, :, 0, 0]
    return float(here @ there)


@pytest.mark.parametrize('scale', [0, 1, 100])
@pytest.mark.parametrize('free', [0, 5])
def test_embeddings_have_length_one(free, scale):
    code = PositionCode(free)
    found = code(raw_of(code, 2, scale))
    assert found.shape == (2, code.channels, *SIZE)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2, *SIZE), atol=1e-5, rtol=0)


def test_pixels_that_point_at_one_place_agree():
    code = PositionCode(0)
    found = code(pointing_at(code, 5.3, 2.8)).flatten(2)[0]
    torch.testing.assert_close(found.T @ found, torch.ones(126, 126), atol=1e-4, rtol=0)


def test_without_shifts_a_pixel_says_its_own_place():
    """The waves of the second wavelength at (x, y), in the direction of x."""
    code = PositionCode(0, bands=2)
    found = code(torch.zeros(1, code.raw_channels, *SIZE))[0]
    phase = 2 * torch.pi * torch.arange(SIZE[1]) / 12
    amplitude = (1 / (2 * 3)) ** 0.5
    torch.testing.assert_close(found[3], (amplitude * phase.cos()).expand(SIZE), atol=1e-5, rtol=0)
    torch.testing.assert_close(found[6 + 3], (amplitude * phase.sin()).expand(SIZE), atol=1e-5, rtol=0)


def test_a_cell_lies_in_the_middle_of_its_pixels():
    code = PositionCode(0, bands=1, shortest=24)
    found = code(torch.zeros(1, code.raw_channels, 3, 5), side=4)[0]
    phase = 2 * torch.pi * (torch.arange(20.0).view(5, 4).mean(1)) / 24
    torch.testing.assert_close(found[0], (phase.cos() / 3**0.5).expand(3, 5), atol=1e-5, rtol=0)


def test_each_wave_is_what_its_own_cosine_and_sine_are():
    """They come from those of the longest by doubling the phase."""
    code = PositionCode(0)
    raw = raw_of(code, scale=5)
    shift, amplitude = raw.split([2, 6], 1)
    place = torch.stack([torch.arange(SIZE[1]).expand(SIZE), torch.arange(SIZE[0])[:, None].expand(SIZE)]) + 4 * shift
    angles = torch.arange(3) * torch.pi / 3
    across = torch.einsum('bchw,cd->bdhw', place.double(), torch.stack([angles.cos(), angles.sin()]).double())
    phase = torch.cat([across * 2 * torch.pi / length for length in (6, 12, 24, 48, 96, 192)], 1)
    weight = amplitude.softmax(1).div(3).sqrt().repeat_interleave(3, 1).double()
    expected = torch.cat([weight * phase.cos(), weight * phase.sin()], 1)
    torch.testing.assert_close(code(raw).double(), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize('angle', [0, 17, 45, 90, 200])
def test_agreement_falls_with_the_distance_of_the_places(angle):
    code = PositionCode(0)
    found = [cosine_of_places(code, distance, angle) for distance in (0, 1, 2, 4, 8, 16, 32)]
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert all(a > b for a, b in zip(found[:4], found[1:5]))
    assert max(found[5:]) < 0.6, 'no wave comes round to the same place'


def test_a_short_wave_parts_what_a_long_one_holds_together():
    found = [cosine_of_places(PositionCode(0, bands=1, shortest=length), 3, 30) for length in (6, 24, 96)]
    assert found == sorted(found)
    assert found[0] < 0.1
    assert found[2] > 0.95


def test_the_loudest_band_decides():
    code = PositionCode(0, bands=5)  # 6 to 96 pixels
    a, b = pointing_at(code, 0, 0), pointing_at(code, 3, 0)
    for band, expected in ((0, 'apart'), (4, 'together')):
        a[:, 2:], b[:, 2:] = 0, 0
        a[:, 2 + band], b[:, 2 + band] = 20, 20
        cosine = float((code(a) * code(b)).sum(1)[0, 0, 0])
        assert cosine < 0.1 if expected == 'apart' else cosine > 0.95


def test_free_channels_tell_apart_what_points_at_one_place():
    code = PositionCode(2)
    a, b = pointing_at(code, 4, 4), pointing_at(code, 4, 4)
    a[:, -1], b[:, -1] = 3, -3
    assert float((code(a) * code(a)).sum(1)[0, 0, 0]) == pytest.approx(1, abs=1e-5)
    assert float((code(a) * code(b)).sum(1)[0, 0, 0]) < 0


def test_a_gradient_reaches_every_channel_and_pulls_places_together():
    code = PositionCode(4)
    raw = raw_of(code).requires_grad_()
    target = code(raw_of(code, seed=1))
    (1 - (code(raw) * target).sum(1)).mean().backward()
    assert raw.grad.isfinite().all()
    assert (raw.grad.flatten(2).abs().amax(2) > 0).all()
    shift = pointing_at(PositionCode(0), 2, 0).requires_grad_()
    loss = -(PositionCode(0)(shift) * PositionCode(0)(pointing_at(PositionCode(0), 0, 0))).sum()
    loss.backward()
    assert (shift.grad[:, 0] > 0).all(), 'a step against the gradient moves the place from x = 2 towards 0'


def test_waves_are_no_weights_and_move_with_the_module():
    code = PositionCode(3)
    assert code.state_dict() == {}
    assert list(code.parameters()) == []
    assert code.to('meta').waves.device.type == 'meta'


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_gives_float32_embeddings_within_autocast_and_without(dtype):
    code = PositionCode(3)
    raw = raw_of(code).to(dtype)
    expected = code(raw.float())
    assert torch.equal(code(raw), expected)
    with torch.autocast('cpu', dtype):
        found = code(raw)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_it_exports_to_the_same_function():
    code = PositionCode(3)
    program = torch.export.export(code, (raw_of(code),))
    torch.testing.assert_close(program.module()(raw_of(code, seed=1)), code(raw_of(code, seed=1)))
