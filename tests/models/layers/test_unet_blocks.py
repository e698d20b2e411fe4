from __future__ import annotations

import pytest
import torch
from torch import nn

from mmmaskattn.models import MaskAttnDecoder, MaskAttnUNet


@pytest.mark.parametrize('build', [lambda: MaskAttnUNet('tiny'), lambda: MaskAttnDecoder(arch='tiny')])
def test_convolutions_begin_as_torchs_own_do(build):
    """Uniform within 1 / sqrt(fan in), at mmengine's initialisation too; mmcv's would be larger by sqrt(6) and more."""
    torch.manual_seed(0)
    model = build()
    model.init_weights()
    convs = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.weight.numel() > 5000]
    assert len(convs) > 5
    for conv in convs:
        bound = conv.weight[0].numel() ** -0.5
        assert 0.95 * bound < float(conv.weight.abs().max()) <= bound
        assert float(conv.weight.std()) == pytest.approx(bound / 3**0.5, rel=0.05)
