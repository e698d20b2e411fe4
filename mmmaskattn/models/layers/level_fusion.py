"""Fusing the maps of a pyramid into one at the size of the finest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import build_activation_layer, build_norm_layer
from torch import Tensor, nn

from mmmaskattn.models.layers.cross_layer_block import to_map, to_tokens


class LevelFusion(nn.Module):
    """Enlarge all maps to the finest one's size, concatenate, and convolve 1x1; with norm and activation.

    It is computed the other way about: each map goes through its share of the 1x1 convolution at its own size, is
    enlarged, and the results are added. Interpolation and a 1x1 convolution commute, so this is the same function with
    the same number of weights, at a fraction of the products, and nothing as wide as the concatenation is ever held.
    The share is a linear layer over tokens, since torch enlarges channels-last maps many times faster on a CPU.

    Args:
        in_channels: channels of the maps, finest first.
        out_channels: channels of the fused map.
        norm_cfg: norm layer, as mmcv takes it; without one the convolution has a bias.
        act_cfg: activation layer, as mmcv takes it; None for none.
        align_corners: as ``F.interpolate`` takes it.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        norm_cfg: dict[str, Any] | None,
        act_cfg: dict[str, Any] | None,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.shares = nn.ModuleList(
            _share(width, out_channels, bias=norm_cfg is None and level == 0) for level, width in enumerate(in_channels)
        )
        self.norm = nn.Identity() if norm_cfg is None else build_norm_layer(norm_cfg, out_channels)[1]
        self.activation = nn.Identity() if act_cfg is None else build_activation_layer(act_cfg)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Fuse.

        Args:
            maps: finest first: map i is float (B, in_channels[i], H_i, W_i), of any sizes.

        Returns:
            float (B, out_channels, H_0, W_0).
        """
        size = (maps[0].shape[2], maps[0].shape[3])
        fused = self._convolve(0, maps[0])
        for level, x in enumerate(maps[1:], start=1):
            enlarged = F.interpolate(
                self._convolve(level, x), size=size, mode='bilinear', align_corners=self.align_corners
            )
            fused = fused + enlarged
        return self.activation(self.norm(fused))

    def _convolve(self, level: int, x: Tensor) -> Tensor:
        return to_map(self.shares[level](to_tokens(x)), (x.shape[2], x.shape[3]))


def _share(in_channels: int, out_channels: int, bias: bool) -> nn.Linear:
    """A part of the 1x1 convolution, initialised as mmcv's ``ConvModule`` initialises the whole."""
    share = nn.Linear(in_channels, out_channels, bias=bias)
    nn.init.kaiming_normal_(share.weight, mode='fan_out', nonlinearity='relu')
    if bias:
        nn.init.zeros_(share.bias)
    return share
