"""Class weights beside label 255, against torch's own loss and mmseg's where that works."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmseg.models.losses import CrossEntropyLoss
from torch.nn import functional as F

from mmmaskattn.models.losses.pixel_cross_entropy_loss import PixelCrossEntropyLoss

WEIGHTS = [0.5, 2.0, 1.0, 4.0]


@pytest.fixture
def pixels():
    """Logits of four classes, and labels a quarter of which are padding."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (2, 6, 8), generator=generator)
    labels[:, :, 6:] = 255
    return torch.randn(2, 4, 6, 8, generator=generator, requires_grad=True), labels


def test_the_weighted_mean_over_known_pixels_is_torchs(pixels):
    logits, labels = pixels
    loss = PixelCrossEntropyLoss(class_weight=WEIGHTS, avg_non_ignore=True)(logits, labels, ignore_index=255)
    expected = F.cross_entropy(logits, labels, torch.tensor(WEIGHTS), ignore_index=255)
    assert torch.allclose(loss, expected)
    loss.backward()
    assert not logits.grad[..., 6:].any()
    assert logits.grad[..., :6].all()


@pytest.mark.parametrize('avg_non_ignore', [False, True])
def test_weights_of_1_are_no_weights(pixels, avg_non_ignore):
    options = dict(avg_non_ignore=avg_non_ignore)
    plain = CrossEntropyLoss(**options)(*pixels, ignore_index=255)
    assert torch.allclose(PixelCrossEntropyLoss(class_weight=[1.0] * 4, **options)(*pixels, ignore_index=255), plain)
    assert torch.equal(PixelCrossEntropyLoss(**options)(*pixels, ignore_index=255), plain)


def test_without_ignored_pixels_it_is_mmsegs(pixels):
    logits, labels = pixels[0][..., :6], pixels[1][..., :6]
    theirs = CrossEntropyLoss(class_weight=WEIGHTS)(logits, labels, ignore_index=255)
    assert torch.allclose(PixelCrossEntropyLoss(class_weight=WEIGHTS)(logits, labels, ignore_index=255), theirs)
    each = PixelCrossEntropyLoss(class_weight=WEIGHTS, reduction='none')(logits, labels, ignore_index=255)
    assert torch.allclose(each, F.cross_entropy(logits, labels, torch.tensor(WEIGHTS), reduction='none'))


def test_an_image_of_padding_alone_has_loss_0(pixels):
    labels = torch.full_like(pixels[1], 255)
    for avg_non_ignore in (False, True):
        loss = PixelCrossEntropyLoss(class_weight=WEIGHTS, avg_non_ignore=avg_non_ignore)
        assert loss(pixels[0], labels, ignore_index=255) == 0


def test_a_weight_too_few_is_named(pixels):
    with pytest.raises(ValueError, match='class_weight has 3 values for 4 classes'):
        PixelCrossEntropyLoss(class_weight=WEIGHTS[:3])(*pixels, ignore_index=255)


def test_a_head_of_mmseg_takes_it_by_name(pixels):
    init_default_scope('mmseg')
    head = MODELS.build(
        dict(
            type='FCNHead', in_channels=4, channels=4, num_convs=0, concat_input=False, dropout_ratio=0, num_classes=4,
            loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss', class_weight=WEIGHTS),
        )
    )  # fmt: skip
    logits, labels = pixels
    loss = head.loss_decode(logits, labels, weight=None, ignore_index=head.ignore_index)
    summed = F.cross_entropy(logits, labels, torch.tensor(WEIGHTS), ignore_index=255, reduction='sum')
    known = torch.tensor(WEIGHTS)[labels[labels != 255]].sum() + (labels == 255).sum()
    assert torch.allclose(loss, summed / known)
