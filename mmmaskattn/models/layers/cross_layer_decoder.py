"""The decoder of SCASeg: levels of an encoder fused, then decoded by cross-layer blocks.

For stages i = n, ..., 1, with F_i the encoder's and D_i the decoded maps::

    M_i = concat[rho_1(F_1), ..., rho_i(F_i), rho_i+1(D_i+1), ..., rho_n(D_n)]      on the key grid
    D_i = CrossLayerBlock(F_i, M_i)

Verified from the authors' abstract: lateral connections, in which encoder features are the queries, and one blend of
several encoder and decoder stages for keys and values. M_i as above is told second-hand. Inferred: rho (adaptive
average pooling, then a 1x1 convolution where it pools) and the key grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import torch
import torch.nn.functional as F
from mmcv.cnn import build_activation_layer, build_norm_layer
from torch import Tensor, nn

from mmmaskattn.models.layers.strip_cross_attention import CrossLayerBlock, Scale, to_map, to_tokens
from mmmaskattn.models.precision import saturated
from mmmaskattn.utils.option_types import Count, Counts


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
        return to_map(saturated(self.shares[level](to_tokens(x))), (x.shape[2], x.shape[3]))


def _share(in_channels: int, out_channels: int, bias: bool) -> nn.Linear:
    """A part of the 1x1 convolution, initialised as mmcv's ``ConvModule`` initialises the whole."""
    share = nn.Linear(in_channels, out_channels, bias=bias)
    nn.init.kaiming_normal_(share.weight, mode='fan_out', nonlinearity='relu')
    if bias:
        nn.init.zeros_(share.bias)
    return share


NumHeads = Union[Count, Counts]


class MemoryBlend(nn.Module):
    """The blend M_i of one stage: its own 1x1 convolution on each pooled source, then concatenation.

    Args:
        in_channels: channels of the sources, finest level first.
        convolved: whether each source goes through a convolution.
    """

    def __init__(self, in_channels: Sequence[int], convolved: Sequence[bool]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, 1) if wanted else nn.Identity() for width, wanted in zip(in_channels, convolved)
        )

    def forward(self, sources: Sequence[Tensor]) -> Tensor:
        """Blend.

        Args:
            sources: one map for each level on the key grid, float (B, in_channels[j], h, w).

        Returns:
            float (B, sum of in_channels, h, w).
        """
        return torch.cat([saturated(conv(source)) for conv, source in zip(self.convs, sources)], dim=1)


class CrossLayerDecoder(nn.Module):
    """Decode a pyramid, deepest stage first; every stage looks at all others on one small grid of keys.

    The key grid is the finest map's size divided by ``key_reduction`` and rounded up: over a pyramid that begins at
    stride 4, a reduction of 4 is stride 16, 8x8 = 64 keys for a 128x128 image. It follows any input size and shape.
    Every level is brought to the grid by adaptive average pooling, which repeats values where a level is coarser.

    The maps are taken to halve from level to level, which says which of them are pooled: level j, counted from 0, has
    a 1x1 convolution of its own for each stage if 2^j < ``key_reduction``. Other strides work, with these convolutions.

    Args:
        in_channels: channels of the pyramid's maps, finest first; two or more.
        num_heads: heads of each stage, finest first, or one number for all. Must divide the stage's channels.
        strip_dim: channels of a query and a key in each head; None is vanilla cross-attention.
        scale: scale of the logits; see :class:`StripCrossAttention`.
        perception: Local Perception Module, ``plain`` or ``gated``; None builds none.
        ffn_ratio: hidden width of the feed-forward networks over the stage's channels.
        key_reduction: side of the finest map over the side of the key grid.
        drop_path_rate: chance of each branch to be left out of a training sample.
        max_queries: most queries of a stage; a finer map's are pooled. See :class:`CrossLayerBlock`.

    Raises:
        ValueError: fewer than two maps, a ``num_heads`` of the wrong length, a ``key_reduction`` below 1, or an
            option that :class:`CrossLayerBlock` refuses.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_heads: NumHeads = 4,
        strip_dim: int | None = 1,
        scale: Scale = 'strip',
        perception: str | None = 'gated',
        ffn_ratio: float = 4.0,
        key_reduction: int = 4,
        drop_path_rate: float = 0.1,
        max_queries: int | None = None,
    ) -> None:
        super().__init__()
        if len(in_channels) < 2:
            raise ValueError(f'in_channels is {list(in_channels)}; expected the channels of at least two maps')
        if key_reduction < 1:
            raise ValueError(f'key_reduction is {key_reduction}; expected 1 (keys as fine as the finest map) or more')
        self.in_channels = tuple(in_channels)
        self.key_reduction = key_reduction
        heads = _heads_by_stage(num_heads, len(in_channels))
        memory_channels = sum(in_channels)
        options = (strip_dim, scale, perception, ffn_ratio, drop_path_rate, max_queries)
        self.blocks = nn.ModuleList(
            CrossLayerBlock(width, memory_channels, number, *options) for width, number in zip(in_channels, heads)
        )
        pooled = [2**level < key_reduction for level in range(len(in_channels))]
        self.blends = nn.ModuleList(MemoryBlend(in_channels, pooled) for _ in in_channels)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Decode a pyramid.

        Args:
            inputs: the pyramid, finest first: map i is float (B, in_channels[i], H_i, W_i), of any sizes.

        Returns:
            The decoded maps, finest first, of the same shapes.

        Raises:
            ValueError: another number of maps than ``in_channels`` names.
        """
        if len(inputs) != len(self.in_channels):
            raise ValueError(
                f'{type(self).__name__} got {len(inputs)} maps; '
                f'in_channels {list(self.in_channels)} names {len(self.in_channels)}'
            )
        grid = self.key_grid((inputs[0].shape[2], inputs[0].shape[3]))
        maps = list(inputs)
        pooled = [F.adaptive_avg_pool2d(x, grid) for x in maps]
        for stage in reversed(range(len(maps))):
            maps[stage] = self.blocks[stage](maps[stage], self.blends[stage](pooled))
            if stage:  # nothing comes after the finest
                pooled[stage] = F.adaptive_avg_pool2d(maps[stage], grid)
        return tuple(maps)

    def key_grid(self, finest: tuple[int, int]) -> tuple[int, int]:
        """(H, W) of the keys, for a finest map of (H, W)."""
        return -(-finest[0] // self.key_reduction), -(-finest[1] // self.key_reduction)


def _heads_by_stage(num_heads: NumHeads, num_stages: int) -> tuple[int, ...]:
    if isinstance(num_heads, int):
        return (num_heads,) * num_stages
    if len(num_heads) != num_stages:
        raise ValueError(
            f'num_heads has {len(num_heads)} entries for {num_stages} maps; give one number for all, or one for each'
        )
    return tuple(num_heads)
