"""Networks of mmseg some of whose norms no option reaches: all are ours, and one image is a batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mmmaskattn.analysis import build_model, read_config

PEERS = Path(__file__).parents[3] / 'configs/peers'


@pytest.mark.parametrize('peer', ['pidnet_s', 'ddrnet_23_slim'])
def test_every_norm_is_ours_and_a_single_image_trains(peer):
    model = build_model(read_config(PEERS / peer / 'camvid_semantic_128.py')).train()
    assert {type(one).__name__ for one in model.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)} == {
        'CrossProcessBatchNorm2d'
    }
    labels = torch.randint(0, 11, (1, 4, 4)).repeat_interleave(16, 1).repeat_interleave(16, 2)
    losses = model(torch.randn(1, 3, 64, 64), [SegDataSample(gt_sem_seg=PixelData(data=labels))], mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(one.grad).all() for one in model.parameters())
