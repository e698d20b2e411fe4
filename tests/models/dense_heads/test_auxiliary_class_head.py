from __future__ import annotations

import pytest
import torch
from drawn_truth import blobs, special
from mmengine.registry import init_default_scope
from torch.nn import functional as F

from mmmaskattn.models.dense_heads import AuxiliaryClassHead
from mmmaskattn.registry import MODELS

SIZE = (32, 32)


@pytest.fixture
def head():
    init_default_scope('mmdet')
    torch.manual_seed(0)
    loss = dict(type='mmdet.CrossEntropyLoss', ignore_index=255, avg_non_ignore=True, loss_weight=0.4)
    options = dict(num_things=1, num_stuff=1, in_channels=5, in_index=1, loss_semantic=loss)
    return MODELS.build(dict(type='mmmaskattn.AuxiliaryClassHead', **options))


def maps() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    return torch.rand(2, 3, 16, 16), torch.rand(2, 5, 8, 8, requires_grad=True)


def test_its_loss_is_the_weighted_cross_entropy_over_the_pixels_that_are_known(head):
    assert isinstance(head, AuxiliaryClassHead)
    feats = maps()
    ((name, loss),) = head.loss(feats, [special('blobs'), special('ignored')], SIZE).items()
    labels = torch.from_numpy(blobs()).eq(4).long()[2::4, 2::4]  # the centres of the cells of 8x8
    logits = head.classes(feats[1])[:1]
    assert name == 'loss_semantic'
    assert float(loss) == pytest.approx(0.4 * float(F.cross_entropy(logits, labels[None])), rel=1e-5)
    loss.backward()
    assert feats[1].grad[0].abs().sum() > 0
    assert feats[1].grad[1].abs().sum() == 0, 'of an image without truth nothing is learned'
