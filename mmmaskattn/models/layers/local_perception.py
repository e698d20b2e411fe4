"""The Local Perception Module: what a Cross-Layer Block sees of a pixel's neighbours (SCASeg-style, a reconstruction).

Verified from the authors' abstract: the Cross-Layer Block "incorporates the local perceptual strengths of convolution".
Inferred: both layouts below. Second-hand descriptions name depth-wise separable convolutions and activations, one of
them a sigmoid gate.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class PlainPerception(nn.Sequential):
    """Depth-wise 3x3 convolution, GELU, 1x1 convolution.

    Args:
        channels: channels of the map, before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(depthwise(channels), nn.GELU(), nn.Conv2d(channels, channels, 1))


class GatedPerception(nn.Module):
    """1x1 convolution, GELU, a sigmoid gate computed from each pixel's neighbours, 1x1 convolution.

    With u the map after the GELU, the gated map is u * sigmoid(1x1(DW3x3(u))).

    Args:
        channels: channels of the map, before and after.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.GELU())
        self.gate = nn.Sequential(depthwise(channels), nn.Conv2d(channels, channels, 1))
        self.reduce = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Perceive the neighbours.

        Args:
            x: float (B, channels, H, W).

        Returns:
            float (B, channels, H, W).
        """
        features = self.expand(x)
        return self.reduce(features * torch.sigmoid(self.gate(features)))


PERCEPTIONS: dict[str, Callable[[int], nn.Module]] = {'plain': PlainPerception, 'gated': GatedPerception}


def depthwise(channels: int) -> nn.Conv2d:
    """Build a depth-wise 3x3 convolution that keeps the map's size."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels)


def build_perception(kind: str, channels: int) -> nn.Module:
    """Build a Local Perception Module.

    Args:
        kind: ``plain`` or ``gated``.
        channels: channels of the map, before and after.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in PERCEPTIONS:
        raise ValueError(f'perception {kind!r} is unknown; expected one of {", ".join(PERCEPTIONS)}, or None for none')
    return PERCEPTIONS[kind](channels)
