"""TopFormer (arXiv 2204.05525), a peer: a token pyramid, attention on all its scales at once, injected back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmcv.cnn import ConvModule
from mmcv.cnn.bricks.drop import DropPath
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.layers.initialisation import draw_by_fan_out
from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, InitConfig, ModuleConfig, Rate

STEM_CHANNELS = 16
# Kernel, expansion, channels and stride of the blocks of TopFormer-T, by level of the pyramid.
BLOCKS = (
    ((3, 1, 16, 1), (3, 4, 16, 2), (3, 3, 16, 1)),
    ((5, 3, 32, 2), (5, 3, 32, 1)),
    ((3, 3, 64, 2), (3, 3, 64, 1)),
    ((5, 6, 96, 2), (5, 6, 96, 1)),
)
CHANNELS = tuple(level[-1][2] for level in BLOCKS)
DEPTH, HEADS, KEY_CHANNELS, VALUE_CHANNELS, EXPANSION = 4, 4, 16, 32, 2
ACTIVATION = {'type': 'ReLU6'}
"""Of attention and feed-forward; the pyramid has ReLU."""


class InvertedResidual(nn.Module):
    """Widen by a 1x1 convolution, convolve each channel by itself, narrow; added to the input if shapes allow.

    Args:
        in_channels: channels of the input.
        block: kernel size, expansion, channels of the output, stride.
        norm_cfg: norm layer, as mmcv takes it.
    """

    def __init__(self, in_channels: int, block: tuple[int, int, int, int], norm_cfg: dict[str, Any]) -> None:
        super().__init__()
        kernel, expansion, out_channels, stride = block
        width = in_channels * expansion
        padding = kernel // 2
        convs = [
            ConvModule(width, width, kernel, stride, padding, groups=width, norm_cfg=norm_cfg),
            ConvModule(width, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None),
        ]
        if expansion > 1:
            convs.insert(0, ConvModule(in_channels, width, 1, norm_cfg=norm_cfg))
        self.convs = nn.Sequential(*convs)
        self.is_residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x: float (B, in_channels, H, W).

        Returns:
            float (B, out_channels, ceil(H / stride), ceil(W / stride)).
        """
        out = self.convs(x)
        return x + out if self.is_residual else out


class PooledAttention(nn.Module):
    """Attention over the pixels of a small map; queries, keys and values by 1x1 convolutions with norms.

    The products of queries and keys are not scaled: the authors' code computes the factor and leaves it out.

    Args:
        channels: of the map.
        norm_cfg: norm layer, as mmcv takes it.
    """

    def __init__(self, channels: int, norm_cfg: dict[str, Any]) -> None:
        super().__init__()
        plain = dict(norm_cfg=norm_cfg, act_cfg=None)
        self.query = ConvModule(channels, HEADS * KEY_CHANNELS, 1, **plain)
        self.key = ConvModule(channels, HEADS * KEY_CHANNELS, 1, **plain)
        self.value = ConvModule(channels, HEADS * VALUE_CHANNELS, 1, **plain)
        self.act = nn.ReLU6()
        self.out = ConvModule(HEADS * VALUE_CHANNELS, channels, 1, **plain)

    def forward(self, x: Tensor) -> Tensor:
        """Attend.

        Args:
            x: float (B, channels, h, w).

        Returns:
            float (B, channels, h, w).
        """
        query, key, value = (
            part(x).reshape(len(x), HEADS, -1, x.shape[2] * x.shape[3]) for part in (self.query, self.key, self.value)
        )
        weights = (query.transpose(2, 3) @ key).softmax(dim=-1)  # (B, heads, pixels asking, pixels asked)
        mixed = value @ weights.transpose(2, 3)
        return self.out(self.act(mixed.reshape(len(x), -1, *x.shape[2:])))


class TransformerBlock(nn.Module):
    """Attention, then a feed-forward network with a depthwise convolution; each may be dropped in training.

    Args:
        channels: of the map.
        drop_path: how often a branch is dropped.
        norm_cfg: norm layer, as mmcv takes it.
    """

    def __init__(self, channels: int, drop_path: float, norm_cfg: dict[str, Any]) -> None:
        super().__init__()
        width = channels * EXPANSION
        self.attention = PooledAttention(channels, norm_cfg)
        self.feed_forward = nn.Sequential(
            ConvModule(channels, width, 1, norm_cfg=norm_cfg, act_cfg=None),
            ConvModule(width, width, 3, padding=1, groups=width, act_cfg=ACTIVATION),
            ConvModule(width, channels, 1, norm_cfg=norm_cfg, act_cfg=None),
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both.

        Args:
            x: float (B, channels, h, w).

        Returns:
            float (B, channels, h, w).
        """
        x = x + self.drop_path(self.attention(x))
        return x + self.drop_path(self.feed_forward(x))


class Injection(nn.Module):
    """A map of the pyramid, gated by what attention found for it, plus what it found.

    Args:
        in_channels: channels of the map, and of the part of the tokens that belongs to it.
        out_channels: channels of the output.
        norm_cfg: norm layer, as mmcv takes it.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict[str, Any]) -> None:
        super().__init__()
        names = ('local', 'gate', 'tokens')
        parts = {name: ConvModule(in_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None) for name in names}
        self.convs = nn.ModuleDict(parts)

    def forward(self, local: Tensor, tokens: Tensor) -> Tensor:
        """Inject.

        Args:
            local: float (B, in_channels, H, W).
            tokens: float (B, in_channels, h, w).

        Returns:
            float (B, out_channels, H, W).
        """
        size = local.shape[2:]
        gate = F.interpolate(F.hardsigmoid(self.convs['gate'](tokens)), size, mode='bilinear')
        found = F.interpolate(self.convs['tokens'](tokens), size, mode='bilinear')
        return self.convs['local'](local) * gate + found


@MODELS.register_module()
class TopFormer(BaseModule):
    """TopFormer-T without its head: three maps of equal width.

    At 128x128 with ``stem_stride=1``::

        image 3x128x128 --> stem 16x128x128 --> pyramid 16x64x64, 16x32x32 ... at strides 4, 8, 16 after the first
          16x64x64 --+
          32x32x32 --+-- pooled to 4x4, joined: 208x4x4 --> 4 blocks of attention --> split again
          64x16x16 --+
          96x 8x 8 --+                                --> injected into the last three maps: 128x32x32, 16x16, 8x8

    Args:
        stem_stride: 2, as published, gives maps at strides 8, 16 and 32; 1 gives 4, 8 and 16 at four times the cost.
        out_channels: channels of the maps returned.
        drop_path_rate: how often branches of the last block are dropped in training; those before it less.
        norm_cfg: norm layer.
        init_cfg: initialisation, as mmengine takes it.

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be.
    """

    def __init__(
        self,
        stem_stride: Literal[1, 2] = 2,
        out_channels: Count = 128,
        drop_path_rate: Rate = 0.1,
        norm_cfg: ModuleConfig = NORM,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.stem = ConvModule(3, STEM_CHANNELS, 3, stem_stride, 1, norm_cfg=norm_cfg)
        self.levels = nn.ModuleList()
        width = STEM_CHANNELS
        for level in BLOCKS:
            blocks = []
            for block in level:
                blocks.append(InvertedResidual(width, block, norm_cfg))
                width = block[2]
            self.levels.append(nn.Sequential(*blocks))
        rates = [drop_path_rate * place / (DEPTH - 1) for place in range(DEPTH)]
        self.transformer = nn.Sequential(*(TransformerBlock(sum(CHANNELS), rate, norm_cfg) for rate in rates))
        self.injections = nn.ModuleList(Injection(channels, out_channels, norm_cfg) for channels in CHANNELS[1:])
        draw_by_fan_out(self)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps.

        Args:
            x: float (B, 3, H, W).

        Returns:
            Three maps float (B, out_channels, h, w), at strides 4, 8 and 16 times ``stem_stride``.
        """
        pyramid = []
        x = self.stem(x)
        for level in self.levels:
            x = level(x)
            pyramid.append(x)
        tokens = self.transformer(_pooled(pyramid)).split(CHANNELS, dim=1)
        return tuple(injection(local, own) for injection, local, own in zip(self.injections, pyramid[1:], tokens[1:]))


def _pooled(pyramid: Sequence[Tensor]) -> Tensor:
    """All maps at half the size of the coarsest, rounded up, joined by channels."""
    height, width = pyramid[-1].shape[2:]
    size = ((height + 1) // 2, (width + 1) // 2)
    return torch.cat([F.adaptive_avg_pool2d(one, size) for one in pyramid], dim=1)
