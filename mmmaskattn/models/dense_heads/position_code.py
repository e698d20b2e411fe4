"""Embeddings that say where their instance is: waves at the place that each pixel points to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIRECTIONS = 3  # at 0, 60 and 120 degrees: their mean depends little on the direction of a step


class PositionCode(nn.Module):
    r"""Turn raw channels into unit embeddings that carry a place.

    A convolutional network gives two copies of an object the same features, and x and y as inputs do little for small
    objects: between neighbours they hardly differ. Here each pixel points to a place, its own plus a shift that the
    network computes, and the embedding is that place in waves (Rahimi and Recht, 2007: the product of two such codes is
    a bump around equal places). Pixels of one instance agree when they point to one place, whichever; the contrastive
    loss is all that teaches it. Per pixel the network weighs the bands: short waves part small neighbours, long ones
    hold a large object together. This is ours; the paper only says "embedding".

    ::

        raw (B, 2 + bands + free, H, W)
          2      shift in pixels --> place (x, y) --> cos, sin of 2 pi (x, y) . direction / wavelength --+
          bands  softmax, square root: amplitude of each wavelength ----------------------------------- x --+
          free   as they are ---------------------------------------------------------------------------- concat, unit
                                                                     (B, 6 bands + free, H, W)

    Args:
        free_channels: Channels besides the waves, for what tells instances apart by their looks.
        wavelengths: In pixels of the network's input.
        step: Pixels that a raw shift of 1 means.
    """

    def __init__(
        self, free_channels: int, wavelengths: Sequence[float] = (6, 12, 24, 48, 96, 192), step: float = 4.0
    ) -> None:
        super().__init__()
        self.bands, self.free_channels, self.step = len(wavelengths), free_channels, step
        angles = torch.arange(DIRECTIONS) * (math.pi / DIRECTIONS)
        ways = torch.stack([angles.cos(), angles.sin()], dim=1)
        waves = 2 * math.pi / torch.tensor([float(length) for length in wavelengths])
        kernels = (waves[:, None, None] * ways).flatten(0, 1)[:, :, None, None]
        self.waves: Tensor
        self.register_buffer('waves', kernels, persistent=False)

    @property
    def raw_channels(self) -> int:
        """Channels of the input."""
        return 2 + self.bands + self.free_channels

    @property
    def channels(self) -> int:
        """Channels of the embeddings."""
        return 2 * DIRECTIONS * self.bands + self.free_channels

    def forward(self, raw: Tensor) -> Tensor:
        """Compute the embeddings.

        Args:
            raw: (B, raw_channels, H, W).

        Returns:
            float32 (B, channels, H, W), of length 1.
        """
        shift, amplitude, free = raw.float().split([2, self.bands, self.free_channels], dim=1)
        height, width = raw.shape[2:]
        rows = torch.arange(height, device=raw.device, dtype=torch.float32)[:, None].expand(height, width)
        columns = torch.arange(width, device=raw.device, dtype=torch.float32).expand(height, width)
        place = torch.stack([columns, rows]) + self.step * shift
        with torch.autocast(raw.device.type, enabled=False):
            phase = F.conv2d(place, self.waves)
        # The waves of a pixel have length 1 before they share the whole with the free channels.
        whole = (1 + free.square().sum(1, keepdim=True)).rsqrt()
        weight = (0.5 * amplitude.log_softmax(1)).exp() * (whole / DIRECTIONS**0.5)
        phase, weight = phase.unflatten(1, (self.bands, DIRECTIONS)), weight[:, :, None]
        waves = [(weight * wave).flatten(1, 2) for wave in (phase.cos(), phase.sin())]
        return torch.cat([*waves, whole * free], dim=1)
