"""The convolutional blocks of the U-Net: the block of a stage, and the step up to a skip connection."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmmaskattn.models.layers.recompute import run_part


def conv_module(*args: Any, **options: Any) -> ConvModule:
    """Make mmcv's convolution with norm and activation, its weights drawn as torch draws them.

    mmcv draws larger ones (Kaiming, fan out). Before a batch norm the scale of a weight changes no output, but divides
    its learning rate: the larger weights learn late.

    Args:
        *args: Those of ``ConvModule``.
        **options: Those of ``ConvModule``.

    Returns:
        The layer.
    """
    module = ConvModule(*args, **options)
    module.conv.reset_parameters()
    return module


class ConvBlock(nn.Module):
    """3x3 convolutions, each with norm and activation; the first one may halve the resolution.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        num_convs: number of convolutions.
        stride: stride of the first one.
        norm_cfg: norm layer, as mmcv takes it.
        act_cfg: activation layer, as mmcv takes it.
        with_cp: recompute the block in the backward pass instead of keeping its activations.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_convs: int,
        stride: int,
        norm_cfg: dict[str, Any],
        act_cfg: dict[str, Any],
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.convs = nn.Sequential(
            *(
                conv_module(
                    in_channels if index == 0 else out_channels,
                    out_channels,
                    3,
                    stride=stride if index == 0 else 1,
                    padding=1,
                    norm_cfg=norm_cfg,
                    act_cfg=act_cfg,
                )
                for index in range(num_convs)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply the convolutions.

        Args:
            x: float (B, in_channels, H, W).

        Returns:
            float (B, out_channels, ceil(H / stride), ceil(W / stride)).
        """
        return run_part(self, self.convs, x)


class UpBlock(nn.Module):
    """One step up: narrow the deeper map where asked to, resize it to the skip's size, concatenate, convolve.

    The 1x1 convolution comes before the resize, where it is four times cheaper; without an activation between them the
    two commute. Resizing to the skip's own size is what lets odd sizes through.

    Args:
        in_channels: channels of the deeper map.
        skip_channels: channels of the skip connection.
        out_channels: channels of the output, and of the narrowed deeper map.
        num_convs: convolutions after the concatenation.
        norm_cfg: norm layer, as mmcv takes it.
        act_cfg: activation layer, as mmcv takes it.
        with_cp: recompute the block in the backward pass instead of keeping its activations.
        reduce: narrow the deeper map by a 1x1 convolution.
    """

    def __init__(
        self,
        in_channels: int,
        skip_channels: int,
        out_channels: int,
        num_convs: int,
        norm_cfg: dict[str, Any],
        act_cfg: dict[str, Any],
        with_cp: bool = False,
        reduce: bool = True,
    ) -> None:
        super().__init__()
        self.reduce: nn.Module = nn.Identity()
        if reduce:
            self.reduce = conv_module(in_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=act_cfg)
            in_channels = out_channels
        self.block = ConvBlock(skip_channels + in_channels, out_channels, num_convs, 1, norm_cfg, act_cfg, with_cp)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        """Fuse a deeper map with a skip connection.

        Args:
            deep: float (B, in_channels, h, w).
            skip: float (B, skip_channels, H, W).

        Returns:
            float (B, out_channels, H, W).
        """
        up = F.interpolate(self.reduce(deep), size=skip.shape[2:], mode='bilinear', align_corners=False)
        return self.block(torch.cat([skip, up], dim=1))
