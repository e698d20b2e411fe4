from __future__ import annotations

import pytest
import torch
from instance_maps import filled, random_map

from mmmaskattn.models.losses import SeedLoss
from mmmaskattn.registry import MODELS


def sample(dtype=torch.float64):
    """Logits, heatmap with five seeds of which one is ignored, map with a corner of ignore."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.stack([random_map(0), random_map(1)])
    heat = torch.rand(maps.shape, generator=generator, dtype=dtype) * 0.9
    heat[0, 3, 4] = heat[0, 9, 9] = heat[1, 0, 0] = heat[1, 10, 2] = heat[1, -1, -1] = 1
    logits = torch.randn(2, 1, *maps.shape[1:], generator=generator, dtype=dtype).mul(3).requires_grad_()
    return logits, heat, maps


def plain_loss(logits, heat, maps):
    """The focal loss of CornerNet over pixels that are not ignored, divided by the number of seeds among them."""
    total, seeds = 0.0, 0
    for logit, target, number in zip(logits.flatten(), heat.flatten(), maps.flatten()):
        if number < 0:
            continue
        p = torch.sigmoid(logit)
        if target == 1:
            total, seeds = total - (1 - p) ** 2 * torch.log(p), seeds + 1
        else:
            total = total - (1 - target) ** 4 * p**2 * torch.log(1 - p)
    return total / seeds


def test_equals_a_loop_over_pixels():
    logits, heat, maps = sample()
    loss, expected = SeedLoss(loss_weight=2.0)(logits, heat, maps), 2 * plain_loss(logits, heat, maps)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    (ours,), (plain,) = (torch.autograd.grad(value, logits) for value in (loss, expected))
    assert torch.allclose(ours, plain, rtol=1e-6, atol=1e-9)


def test_ignored_pixels_have_no_part():
    logits, heat, maps = sample()
    changed = torch.where(maps[:, None] < 0, 50.0, logits.detach()).requires_grad_()
    loss = SeedLoss()(changed, torch.where(maps < 0, 1.0, heat), maps)
    assert loss.item() == pytest.approx(SeedLoss()(logits, heat, maps).item())
    loss.backward()
    assert not changed.grad[:, 0][maps < 0].any()


@pytest.mark.parametrize('value', [-1, 0])
def test_without_seeds(value):
    maps = filled(value).expand(2, -1, -1)
    logits = torch.zeros(2, 1, 8, 6, requires_grad=True)
    loss = SeedLoss()(logits, torch.zeros(2, 8, 6), maps)
    loss.backward()
    assert loss.isfinite()
    assert (loss > 0) == logits.grad.any() == (value == 0)  # background is to have no seeds; ignore says nothing
    assert logits.grad is not None


def test_extreme_logits_and_half_precision_stay_finite():
    logits, heat, maps = sample(torch.float32)
    for values in (logits.detach() * 1e4, logits.detach().bfloat16()):
        values.requires_grad_()
        with torch.autocast('cpu', dtype=torch.bfloat16):
            loss = SeedLoss()(values, heat, maps)
        loss.backward()
        assert loss.dtype == torch.float32
        assert loss.isfinite()
        assert values.grad.isfinite().all()


def test_is_built_by_its_name():
    assert isinstance(MODELS.build(dict(type='mmmaskattn.SeedLoss', loss_weight=0.5)), SeedLoss)
