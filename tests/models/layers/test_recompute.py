"""Recomputation in the backward pass changes memory and time, nothing else."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d
from mmmaskattn.models.layers.recompute import run_part


class Part(nn.Module):
    """Two convolutions with a norm between, recomputed or not."""

    def __init__(self, norm: type[nn.Module], with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp, self.passes = with_cp, 0
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), norm(4), nn.ReLU(), nn.Conv2d(4, 2, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return run_part(self, self._work, x)

    def _work(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return self.layers(x)


@pytest.mark.parametrize('norm', [nn.BatchNorm2d, CrossProcessBatchNorm2d])
def test_running_statistics_and_gradients_are_those_without(norm):
    torch.manual_seed(0)
    plain = Part(norm)
    recomputed = copy.deepcopy(plain)
    recomputed.with_cp = True
    for _ in range(3):
        x = torch.randn(2, 3, 8, 8)
        for part in (plain, recomputed):
            part(x).square().mean().backward()
    assert (plain.passes, recomputed.passes) == (3, 6)
    for (name, one), other in zip(plain.state_dict().items(), recomputed.state_dict().values()):
        assert torch.equal(one, other), name
    assert plain.layers[1].num_batches_tracked == 3
    for one, other in zip(plain.parameters(), recomputed.parameters()):
        assert torch.equal(one.grad, other.grad)
