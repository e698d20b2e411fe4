from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from mmmaskattn.registry import MODELS


def test_its_logits_meet_the_labels_at_their_own_size():
    init_default_scope('mmseg')
    torch.manual_seed(0)
    loss = dict(type='mmmaskattn.PixelCrossEntropyLoss', loss_weight=0.4)
    options = dict(in_channels=6, channels=6, num_convs=0, concat_input=False, dropout_ratio=0, num_classes=3)
    options.update(in_index=1, align_corners=False, loss_decode=loss)
    head = MODELS.build(dict(type='mmmaskattn.AuxiliaryFCNHead', **options))
    feats = (torch.rand(2, 3, 16, 24), torch.rand(2, 6, 8, 12, requires_grad=True))
    labels = torch.randint(0, 3, (2, 1, 32, 48))
    labels[0, :, :8] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in labels]
    losses = head.loss(feats, samples, {})
    expected = F.cross_entropy(head(feats), labels[:, 0, 2::4, 2::4], ignore_index=255, reduction='sum') / (2 * 8 * 12)
    assert set(losses) == {'loss_ce', 'acc_seg'}
    assert float(losses['loss_ce']) == pytest.approx(0.4 * float(expected), rel=1e-5)
    losses['loss_ce'].backward()
    assert feats[1].grad[0, :, :2].abs().sum() == 0
    assert feats[1].grad[0, :, 2:].abs().sum() > 0
