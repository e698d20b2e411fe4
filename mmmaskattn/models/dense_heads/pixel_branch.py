"""A small branch of convolutions that gives a map at the input's resolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def with_coordinates(x: Tensor) -> Tensor:
    """Append each pixel's place as two channels.

    Args:
        x: (B, C, H, W).

    Returns:
        (B, C + 2, H, W): the last two are x and y of the pixel's centre, from -1 (left, top) to 1.
    """
    batch, _, height, width = x.shape
    rows = (torch.arange(height, device=x.device, dtype=x.dtype) * 2 + 1) / height - 1
    columns = (torch.arange(width, device=x.device, dtype=x.dtype) * 2 + 1) / width - 1
    places = torch.stack([columns.expand(height, width), rows[:, None].expand(height, width)])
    return torch.cat([x, places.expand(batch, -1, -1, -1)], dim=1)


def fit_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring a map to the input's size.

    A map that is larger by a few rows or columns, since strides round up, is cut; any other is resized bilinearly.

    Args:
        x: (B, C, h, w).
        size: (H, W).

    Returns:
        (B, C, H, W).
    """
    height, width = size
    excess = x.shape[2] - height, x.shape[3] - width
    if all(0 <= rest < 4 for rest in excess):
        return x[:, :, :height, :width]
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


class PixelBranch(nn.Module):
    """3x3 convolution, GELU, 1x1 convolution; ``upsample`` of 2 or more by pixel shuffle.

    Pixel shuffle (Shi et al., CVPR 2016) computes the u x u output pixels of a cell as channels of the coarse map: an
    output at full resolution for the price of a coarse one, and sharper than a bilinear one.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Width between the two convolutions; 0 leaves the first convolution out.
        out_channels: Channels of the output.
        upsample: Factor between the sizes of input and output.
        coordinates: Whether each pixel's x and y are appended to the input.
        bias: Bias of all outputs to begin with; torch's random one if not given.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        upsample: int = 1,
        coordinates: bool = False,
        bias: float | None = None,
    ) -> None:
        super().__init__()
        self.upsample, self.coordinates = upsample, coordinates
        width = in_channels + 2 * coordinates
        self.hidden = nn.Conv2d(width, hidden_channels, 3, padding=1) if hidden_channels else None
        out = nn.Conv2d(hidden_channels or width, out_channels * upsample**2, 1)
        if bias is not None and out.bias is not None:
            nn.init.constant_(out.bias, bias)
        self.out = out

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Compute the map.

        Args:
            x: (B, in_channels, h, w).
            size: (H, W) of the output.

        Returns:
            (B, out_channels, H, W).
        """
        if self.coordinates:
            x = with_coordinates(x)
        if self.hidden is not None:
            x = F.gelu(self.hidden(x))
        x = self.out(x)
        return fit_to(F.pixel_shuffle(x, self.upsample) if self.upsample > 1 else x, size)
