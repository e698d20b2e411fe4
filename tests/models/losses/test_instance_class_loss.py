from __future__ import annotations

import pytest
import torch

from mmmaskattn.models.losses import InstanceClassLoss
from mmmaskattn.registry import MODELS


def plain_loss(logits, targets, no_object_weight):
    total = weights = 0.0
    for logit, target in zip(logits.flatten(0, 1), targets.flatten().tolist()):
        if target == -100:
            continue
        weight = no_object_weight if target == logits.shape[2] - 1 else 1.0
        total = total - weight * logit.log_softmax(0)[target]
        weights += weight
    return total / weights


@pytest.mark.parametrize('no_object_weight', [1.0, 0.1, 0.0])
def test_equals_a_loop(no_object_weight):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 7, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 5, (3, 7), generator=generator)
    targets[0, 2] = targets[2, 5:] = -100
    loss = InstanceClassLoss(loss_weight=0.3, no_object_weight=no_object_weight)(logits, targets)
    expected = 0.3 * plain_loss(logits, targets, no_object_weight)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    (ours,), (plain,) = (torch.autograd.grad(value, logits) for value in (loss, expected))
    assert torch.allclose(ours, plain, atol=1e-14)
    assert not ours[2, 5:].any()


@pytest.mark.parametrize(('instances', 'target', 'weight'), [(0, 0, 1.0), (4, -100, 1.0), (4, 2, 0.0)])
def test_nothing_to_classify_is_zero_in_the_graph(instances, target, weight):
    logits = torch.randn(2, instances, 3, requires_grad=True)
    loss = InstanceClassLoss(no_object_weight=weight)(logits, torch.full((2, instances), target))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_half_precision_is_computed_in_float32():
    logits = torch.randn(2, 4, 3).mul(100).bfloat16()
    loss = InstanceClassLoss()(logits, torch.zeros(2, 4, dtype=torch.int64))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(InstanceClassLoss()(logits.float(), torch.zeros(2, 4).long()).item())


def test_is_built_by_its_name_and_checks_its_option():
    loss = MODELS.build(dict(type='mmmaskattn.InstanceClassLoss', no_object_weight=0.1))
    assert loss.no_object_weight == 0.1
    with pytest.raises(ValueError, match=r'no_object_weight is -1; expected .* at least 0'):
        InstanceClassLoss(no_object_weight=-1)
