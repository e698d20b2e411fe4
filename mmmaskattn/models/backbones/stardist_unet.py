"""The network of StarDist (arXiv 1806.03535), a peer: a U-Net without norms on a grid coarser than the image."""

from __future__ import annotations

from typing import Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, InitConfig


def _convs(*channels: int) -> nn.Sequential:
    """A 3x3 convolution and ReLU from each width to the next, drawn as Keras draws them."""
    layers: list[nn.Module] = []
    for before, after in zip(channels, channels[1:]):
        conv = nn.Conv2d(before, after, 3, padding=1)
        nn.init.xavier_uniform_(conv.weight)
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        layers += [conv, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


@MODELS.register_module()
class StarDistUNet(BaseModule):
    """StarDist's U-Net, without the two 1x1 convolutions of its outputs.

    At 128x128 with a grid of 2::

        image 3x128x128 --> 2 convs, pooling --> 32x64x64 --> U-Net of 3 steps down, 32 to 256 channels --> 32x64x64
                                                                             --> conv --> 128x64x64

    Args:
        grid: Pixels along a side of a cell of the map: 2, as in the published models of nuclei, or 1.
        base_channels: Width at the finest level; doubled at each coarser one.
        depth: Poolings of the U-Net.
        out_channels: Width of the map.
        init_cfg: initialisation, as mmengine takes it.

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be.
    """

    def __init__(
        self,
        grid: Literal[1, 2] = 2,
        base_channels: Count = 32,
        depth: Count = 3,
        out_channels: Count = 128,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.grid = grid
        widths = [base_channels << level for level in range(depth)]
        self.to_grid = _convs(3, base_channels, base_channels) if grid == 2 else None
        before = [base_channels if grid == 2 else 3, *widths]
        self.downs = nn.ModuleList(_convs(one, width, width) for one, width in zip(before, widths))
        self.middle = _convs(widths[-1], 2 * widths[-1], widths[-1])
        narrower = [base_channels, *widths]
        self.ups = nn.ModuleList(_convs(2 * width, width, less) for width, less in zip(widths, narrower))
        self.features = _convs(base_channels, out_channels)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Compute the map.

        Args:
            x: float (B, 3, H, W).

        Returns:
            One map, float (B, out_channels, ceil(H / grid), ceil(W / grid)).
        """
        if self.to_grid is not None:
            x = F.max_pool2d(self.to_grid(x), 2, ceil_mode=True)
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = F.max_pool2d(x, 2, ceil_mode=True)
        x = self.middle(x)
        for up, skip in zip(reversed(self.ups), reversed(skips)):
            larger = F.interpolate(x, scale_factor=2.0)[:, :, : skip.shape[2], : skip.shape[3]]
            x = up(torch.cat([larger, skip], dim=1))
        return (self.features(x),)
